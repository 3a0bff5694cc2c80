import type {
  Camera,
  CameraTimeline,
  Clip,
  ClipFilters,
  ClipsChange,
  ClipsPage,
  ExportProgress,
  FetchProgress,
  HomeAssistant,
  JobsChange,
  PictureAt,
  SaveResponse,
  Share,
  Unsubscribe,
} from "./types";
import { iso } from "./time";

/** One function for each command of the back end. */

export interface ClipsQuery {
  entity_ids?: string[];
  start?: string;
  end?: string;
  label?: string;
  kind?: string;
  seen?: string;
  kept?: boolean;
  status?: "complete" | "partial";
  query?: string;
  cursor?: string;
  limit?: number;
}

export const fetchCameras = async (hass: HomeAssistant): Promise<Camera[]> =>
  (await hass.callWS<{ cameras: Camera[] }>({ type: "clip_download/cameras" })).cameras;

export const fetchTimeline = async (
  hass: HomeAssistant,
  entityIds: string[],
  start: number,
  end: number,
): Promise<CameraTimeline[]> =>
  (
    await hass.callWS<{ cameras: CameraTimeline[] }>({
      type: "clip_download/timeline",
      entity_ids: entityIds,
      start: iso(start),
      end: iso(end),
    })
  ).cameras;

/** The cloud's picture nearest to a moment. */
export const fetchPicture = (hass: HomeAssistant, entityId: string, at: number): Promise<PictureAt> =>
  hass.callWS({ type: "clip_download/picture_at", entity_id: entityId, at: iso(at) });

export const fetchClips = (hass: HomeAssistant, query: ClipsQuery): Promise<ClipsPage> =>
  hass.callWS({ type: "clip_download/clips/list", ...query });

export const fetchClip = async (hass: HomeAssistant, clipId: string): Promise<Clip> =>
  (await hass.callWS<{ clip: Clip }>({ type: "clip_download/clip/get", clip_id: clipId })).clip;

export const fetchFilters = (hass: HomeAssistant, entityIds: string[]): Promise<ClipFilters> =>
  hass.callWS({ type: "clip_download/clips/filters", entity_ids: entityIds });

export const subscribeClips = (
  hass: HomeAssistant,
  listener: (change: ClipsChange) => void,
): Promise<Unsubscribe> => hass.connection.subscribeMessage(listener, { type: "clip_download/clips/subscribe" });

export const subscribeJobs = (
  hass: HomeAssistant,
  listener: (change: JobsChange) => void,
): Promise<Unsubscribe> => hass.connection.subscribeMessage(listener, { type: "clip_download/jobs/subscribe" });

export const cancelJob = (hass: HomeAssistant, jobId: string): Promise<{ cancelled: boolean }> =>
  hass.callWS({ type: "clip_download/jobs/cancel", job_id: jobId });

export const cancelBackFill = (hass: HomeAssistant, accountId: string): Promise<{ cancelled: number }> =>
  hass.callWS({ type: "clip_download/back_fill/cancel", account_id: accountId });

export const retryJob = (hass: HomeAssistant, jobId: string): Promise<{ job_id: string }> =>
  hass.callWS({ type: "clip_download/jobs/retry", job_id: jobId });

export const keepClips = async (hass: HomeAssistant, clipIds: string[], kept: boolean): Promise<Clip[]> =>
  (await hass.callWS<{ clips: Clip[] }>({ type: "clip_download/clip/keep", clip_ids: clipIds, kept })).clips;

export const labelClips = async (hass: HomeAssistant, clipIds: string[], label: string): Promise<Clip[]> =>
  (await hass.callWS<{ clips: Clip[] }>({ type: "clip_download/clip/label", clip_ids: clipIds, label })).clips;

export interface Deleted {
  deleted: string[];
  spared: { clip_id: string; reason: string }[];
}

export const deleteClips = (hass: HomeAssistant, clipIds: string[]): Promise<Deleted> =>
  hass.callWS({ type: "clip_download/clip/delete", clip_ids: clipIds });

export const createShare = async (hass: HomeAssistant, clipId: string, hours: number): Promise<Share> =>
  (await hass.callWS<{ share: Share }>({ type: "clip_download/share/create", clip_id: clipId, hours })).share;

export const fetchShares = async (hass: HomeAssistant): Promise<Share[]> =>
  (await hass.callWS<{ shares: Share[] }>({ type: "clip_download/share/list" })).shares;

export const revokeShare = (hass: HomeAssistant, shareId: string): Promise<unknown> =>
  hass.callWS({ type: "clip_download/share/revoke", share_id: shareId });

/** Pack clips into a ZIP; it ends when that is done, or when it is unsubscribed. */
export const exportClips = (
  hass: HomeAssistant,
  clipIds: string[],
  listener: (progress: ExportProgress) => void,
): Promise<Unsubscribe> =>
  hass.connection.subscribeMessage(listener, { type: "clip_download/export", clip_ids: clipIds });

/** Bring a clip home from its copy; it goes on if nobody listens any more. */
export const bringClip = (
  hass: HomeAssistant,
  clipId: string,
  listener: (progress: FetchProgress) => void,
): Promise<Unsubscribe> =>
  hass.connection.subscribeMessage(listener, { type: "clip_download/clip/fetch", clip_id: clipId });

/** Ask for a clip and do not wait for it: its job tells how it goes on. */
export const saveClip = async (
  hass: HomeAssistant,
  entityIds: string[],
  start: number,
  end: number,
  label: string,
): Promise<SaveResponse> => {
  const data = { start: iso(start), end: iso(end), wait: false, ...(label && { label }) };
  const answer = await hass.callService<SaveResponse>(
    "clip_download",
    "save_clip",
    data,
    { entity_id: entityIds },
    false,
    true,
  );
  return answer.response ?? {};
};

/** The integration's version as the back end has it. */
export const fetchVersion = async (hass: HomeAssistant): Promise<string | undefined> =>
  (await hass.callWS<{ version?: string }>({ type: "manifest/get", integration: "clip_download" })).version;
