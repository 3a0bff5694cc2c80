/**
 * What is spoken over Home Assistant's WebSocket: the commands `clip_download/*`, and the little of Home
 * Assistant's own objects that is used here. Times are ISO 8601 with a zone.
 */

export interface Span {
  start: string;
  end: string;
}

export interface Camera {
  entity_id: string;
  name: string;
  account: { entry_id: string; title: string; kind: string };
  status: "ok" | "signed_out" | "unavailable";
  reason: string | null;
  /** Whether any window can be asked for; if not, the cloud keeps whole recordings of events only. */
  any_window: boolean;
  has_events: boolean;
  /** How long after it was filmed the cloud can hand out footage. */
  lag_s: number;
  /** The mean of its last clips; null if it has none. */
  bytes_per_s: number | null;
  /** About what its cloud bills for fetching; null if that costs nothing. */
  usd_per_gb: number | null;
  /** Whether its cloud has a picture of any past moment: `picture_at`. */
  has_pictures: boolean;
  picture: string | null;
}

export interface CloudEvent extends Span {
  id: string;
  kind: string;
  seen: string[];
  is_ready: boolean;
  clip_id: string | null;
  /** Of its clip; before there is one, the cloud's own. */
  picture: string | null;
}

/** A copy of a clip off-site, or one that waits to be made: then it has no time. */
export interface ClipCopy {
  place: string;
  copied_at: string | null;
}

export interface Clip extends Span {
  id: string;
  /** Null if its camera is no longer set up. */
  entity_id: string | null;
  /** What the camera was called when the clip was saved. */
  camera: string;
  label: string;
  status: "complete" | "partial";
  gaps: Span[];
  duration_s: number;
  size_bytes: number;
  events: string[];
  /** The kinds of the events that it was made for. */
  kinds: string[];
  seen: string[];
  kept: boolean;
  saved_at: string;
  path: string;
  media_content_id: string | null;
  /** Signed; the timeline's clips have none. */
  url?: string | null;
  /** Signed; downloads the file by its name. The timeline's clips have none. */
  download?: string | null;
  /** The timeline's clips have none. */
  copies?: ClipCopy[];
  /** Whether its file is off-site only, and fetched when it is played. */
  away?: boolean;
  picture: string | null;
}

export type JobState = "queued" | "waiting" | "fetching" | "finishing" | "saved" | "failed" | "cancelled";

export interface Job extends Span {
  id: string;
  /** Null if its camera is no longer set up. */
  entity_id: string | null;
  camera: string;
  label: string;
  state: JobState;
  asked_at: string;
  /** What it waits for, in words. */
  reason: string | null;
  next_try_at: string | null;
  received_bytes: number;
  size_bytes: number | null;
  parts_done: number;
  parts: number | null;
  clip_ids: string[];
  error: { key: string; message: string } | null;
}

/** What one camera has to show of a window of time. */
export interface CameraTimeline {
  entity_id: string;
  /** Where the cloud has footage; null where that is not known. */
  footage: Span[] | null;
  /** From when on the cloud still has footage; null if that is not known. */
  retention_start: string | null;
  /** Of what is older than this, the cloud keeps only motion; null if that is not known. */
  only_motion_before: string | null;
  /** What the cloud did not give when it was asked for, and why. */
  refused: (Span & { reason: string })[];
  events: CloudEvent[];
  events_error: string | null;
  clips: Clip[];
}

/** Of `footage`, which waits until it is known; null where the cloud does not tell. */
export interface FootageOf {
  footage: Span[] | null;
}

export interface ClipsPage {
  clips: Clip[];
  cursor: string | null;
}

export interface ClipsChange {
  saved?: Clip[];
  changed?: Clip[];
  removed?: string[];
  /** All copies of the clips that have another one, or one less, by the clip's id. */
  copies?: Record<string, ClipCopy[]>;
}

/** How far a clip is on its way home; the last one has the clip, or the error. */
export interface FetchProgress {
  done_bytes?: number;
  size_bytes?: number;
  clip?: Clip;
  error?: { key: string; message: string };
}

/** What clips may be filtered by, the most frequent first. */
export interface ClipFilters {
  labels: string[];
  kinds: string[];
  seen: string[];
}

/** The cloud's picture nearest to a moment, and which moment that is. */
export interface PictureAt {
  picture: string | null;
  at: string | null;
}

/** A link that plays a clip without a sign-in, for a while. */
export interface Share extends Span {
  id: string;
  clip_id: string;
  camera: string;
  created_at: string;
  expires_at: string;
  /** Only in the answer to its creation. */
  url: string | null;
  path: string;
  /** How often it was opened, about. */
  opened: number;
  /** Who made it. */
  user: string | null;
}

/** How far an export is; the last one has the ZIP, or the error. */
export interface ExportProgress {
  done_bytes?: number;
  size_bytes?: number;
  name?: string;
  /** Signed, for a day. */
  url?: string;
  error?: { key: string; message: string };
}

/** An account that fetches past recordings. */
export interface BackFill {
  account_id: string;
  account: string;
  done: number;
  /** 0 while the cloud's list is read. */
  total: number;
  left_s: number | null;
  /** Why nothing is fetched now. */
  reason: string | null;
}

export interface JobsChange {
  /** All of them, at the beginning and after a reconnect. */
  jobs?: Job[];
  changed?: Job[];
  removed?: string[];
  /** Always all of them. */
  back_fills?: BackFill[];
}

export type SaveResponse = Record<string, { job_id: string; status: string; error?: { message?: string } | string }>;

// --- Home Assistant's own

export type Unsubscribe = () => Promise<void> | void;

export interface Connection {
  connected: boolean;
  addEventListener(type: "ready" | "disconnected", listener: () => void): void;
  removeEventListener(type: "ready" | "disconnected", listener: () => void): void;
  subscribeMessage<T>(listener: (message: T) => void, message: Message): Promise<Unsubscribe>;
}

export type Message = { type: string } & Record<string, unknown>;

export interface HomeAssistant {
  connection: Connection;
  connected: boolean;
  language: string;
  locale: { language: string; time_format: "language" | "system" | "12" | "24"; time_zone: "local" | "server" };
  config: { time_zone: string };
  themes?: { darkMode?: boolean; theme?: string };
  localize?(key: string, values?: Record<string, string>): string;
  loadBackendTranslation?(category: string, integration: string): Promise<unknown>;
  user?: { is_admin?: boolean };
  states: Record<string, { state: string; attributes: Record<string, unknown> } | undefined>;
  entities?: Record<string, { platform?: string } | undefined>;
  callWS<T>(message: Message): Promise<T>;
  callService<T>(
    domain: string,
    service: string,
    data: Record<string, unknown>,
    target: { entity_id: string[] },
    notifyOnError: boolean,
    returnResponse: boolean,
  ): Promise<{ response?: T }>;
}
