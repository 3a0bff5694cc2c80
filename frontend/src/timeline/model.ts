import { type EventLook, lookOf, mainKind } from "../icons";
import { HOUR, ms, MINUTE, SECOND } from "../time";
import type { Camera, CameraTimeline, Clip, CloudEvent, Job, Span } from "../types";
import type { Range } from "./scale";

/** What is drawn of one camera; times are numbers, in order. */
export interface Row {
  entityId: string;
  name: string;
  anyWindow: boolean;
  /** Null if it is not known where the cloud has footage. */
  footage: Range[] | null;
  retentionStart: number | null;
  /** Before that, its cloud keeps only motion. */
  onlyMotionBefore: number | null;
  /** What its cloud did not give when it was asked for. */
  refused: (Range & { reason: string })[];
  lag: number;
  /** About how many bytes a second of it has; null if that is not known. */
  bytesPerS: number | null;
  /** What its cloud bills for fetching; null if that costs nothing. */
  usdPerGb: number | null;
  /** Whether its cloud has a picture of any past moment. */
  hasPictures: boolean;
  isSignedOut: boolean;
  events: EventMark[];
  clips: ClipMark[];
  jobs: JobMark[];
}

export interface EventMark extends Range {
  kind: string;
  look: EventLook;
  event: CloudEvent;
}

export interface ClipMark extends Range {
  gaps: Range[];
  kept: boolean;
  clip: Clip;
}

export interface JobMark extends Range {
  /** How much of it has come, 0 to 1; null if that is not known. */
  share: number | null;
  failed: boolean;
  job: Job;
}

const range = (span: Span): Range => ({ start: ms(span.start), end: ms(span.end) });

const msOrNull = (time: string | null | undefined): number | null => (time == null ? null : ms(time));

const byStart = (a: Range, b: Range): number => a.start - b.start;

/** How much of a job has come, 0 to 1; null if that is not known. */
export const progress = (job: Job): number | null => {
  if (job.state === "finishing" || job.state === "saved") return 1;
  if (job.size_bytes) return Math.min(job.received_bytes / job.size_bytes, 1);
  if (job.parts) return Math.min(job.parts_done / job.parts, 1);
  return null;
};

export const isOver = (job: Job): boolean =>
  job.state === "saved" || job.state === "failed" || job.state === "cancelled";

export const makeRow = (camera: Camera, timeline: CameraTimeline | undefined, jobs: Job[]): Row => ({
  entityId: camera.entity_id,
  name: camera.name,
  anyWindow: camera.any_window,
  footage: timeline?.footage?.map(range).sort(byStart) ?? null,
  retentionStart: msOrNull(timeline?.retention_start),
  onlyMotionBefore: msOrNull(timeline?.only_motion_before),
  refused: (timeline?.refused ?? []).map((one) => ({ ...range(one), reason: one.reason })).sort(byStart),
  lag: camera.lag_s * 1000,
  bytesPerS: camera.bytes_per_s,
  usdPerGb: camera.usd_per_gb,
  hasPictures: camera.has_pictures,
  isSignedOut: camera.status === "signed_out",
  events: (timeline?.events ?? [])
    .map((event) => {
      const kind = mainKind(event.kind, event.seen);
      return { ...range(event), kind, look: lookOf(kind), event };
    })
    .sort(byStart),
  clips: (timeline?.clips ?? [])
    .map((clip) => ({ ...range(clip), gaps: clip.gaps.map(range), kept: clip.kept, clip }))
    .sort(byStart),
  jobs: jobs
    .filter((job) => job.entity_id === camera.entity_id && job.state !== "saved" && job.state !== "cancelled")
    .map((job) => ({ ...range(job), share: progress(job), failed: job.state === "failed", job })),
});

/** The clip that holds all of a window, if there is one. */
export const clipOf = (row: Row, window: Range): Clip | undefined =>
  row.clips.find((mark) => mark.start <= window.start && mark.end >= window.end)?.clip;

/** The longest window that can be asked for. */
const MOST = 24 * HOUR;

/** The window of the saved clips that overlap a window, and of the window itself; null if none reaches out of it. */
export const unionOf = (row: Row, window: Range): Range | null => {
  const touching = row.clips.filter((mark) => mark.start < window.end && mark.end > window.start);
  const start = Math.min(window.start, ...touching.map((mark) => mark.start));
  const end = Math.max(window.end, ...touching.map((mark) => mark.end));
  const isWider = start < window.start || end > window.end;
  return isWider && !clipOf(row, window) && end - start <= MOST ? { start, end } : null;
};

/** About how many bytes a second of a camera has, by its last clips or by those of the day. */
const bytesPerSecond = (row: Row): number | null => {
  if (row.bytesPerS !== null) return row.bytesPerS;
  let bytes = 0;
  let seconds = 0;
  for (const { clip } of row.clips) {
    bytes += clip.size_bytes;
    seconds += clip.duration_s;
  }
  return seconds ? bytes / seconds : null;
};

/** About how many bytes a window will have; null if that is not known of one of the cameras. */
export const estimate = (rows: Row[], window: Range): number | null => {
  let total = 0;
  for (const row of rows) {
    const rate = bytesPerSecond(row);
    if (rate === null) return null;
    total += (rate * (window.end - window.start)) / SECOND;
  }
  return total || null;
};

/** About what the clouds bill for a window, in US dollars; null if they bill nothing, or how much is not known. */
export const costOf = (rows: Row[], window: Range): number | null => {
  let total = 0;
  for (const row of rows) {
    if (row.usdPerGb === null) continue;
    const rate = bytesPerSecond(row);
    if (rate === null) return null;
    total += ((rate * (window.end - window.start)) / SECOND / 1e9) * row.usdPerGb;
  }
  return total || null;
};

/** The event before or after a time, of all rows. */
export const neighbor = (
  rows: Row[],
  time: number,
  isNext: boolean,
): { row: Row; mark: EventMark } | undefined => {
  let best: { row: Row; mark: EventMark } | undefined;
  for (const row of rows) {
    for (const mark of row.events) {
      if (isNext ? mark.start <= time : mark.start >= time) continue;
      if (!best || (isNext ? mark.start < best.mark.start : mark.start > best.mark.start)) best = { row, mark };
    }
  }
  return best;
};

/** An event's own window; where its end is not known, a minute. */
export const windowOf = (mark: Range): Range =>
  mark.end - mark.start >= 1000 ? { start: mark.start, end: mark.end } : { start: mark.start, end: mark.start + MINUTE };

/** So much before and after an event is saved with it. */
const AROUND = 15 * SECOND;

/** An event with what was before and after it. */
export const around = (mark: Range): Range => ({
  start: mark.start - AROUND,
  end: Math.max(mark.end, mark.start + AROUND) + AROUND,
});

/** The event that shares the most time with a window. */
export const eventIn = (row: Row, window: Range): EventMark | undefined => {
  let best: EventMark | undefined;
  let most = -1;
  for (const mark of row.events) {
    const common = Math.min(mark.end, window.end) - Math.max(mark.start, window.start);
    if (common < 0 || common <= most) continue;
    most = common;
    best = mark;
  }
  return best;
};

/** The event that is the least away from a window. */
export const nearestEvent = (row: Row, window: Range): EventMark | undefined => {
  let best: EventMark | undefined;
  let least = Infinity;
  for (const mark of row.events) {
    const away = Math.max(mark.start - window.end, window.start - mark.end);
    if (away >= least) continue;
    least = away;
    best = mark;
  }
  return best;
};

export type Availability = "there" | "unknown" | "none" | "gone" | "refused" | "only_motion" | "not_yet" | "future";

/** The first stretch of a window that a camera's cloud refused. */
export const refusedIn = (row: Row, window: Range): Row["refused"][number] | undefined =>
  row.refused.find((one) => one.start <= window.end && window.start <= one.end);

/** Whether a camera's cloud may have a picture of a moment. */
export const hasPicture = (row: Row, time: number, now: number): boolean =>
  row.hasPictures && ["there", "unknown", "only_motion"].includes(availability(row, time, now));

/** Whether a camera's cloud has footage of a moment. */
export const availability = (row: Row, time: number, now: number): Availability => {
  if (time > now) return "future";
  if (row.retentionStart !== null && time < row.retentionStart) return "gone";
  if (time > now - row.lag) return "not_yet";
  if (refusedIn(row, { start: time, end: time })) return "refused";
  if (!row.footage) return time < (row.onlyMotionBefore ?? 0) ? "only_motion" : "unknown";
  return row.footage.some((range) => range.start <= time && time <= range.end) ? "there" : "none";
};
