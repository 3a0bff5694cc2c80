import { type EventLook, lookOf, mainKind } from "../icons";
import { ms, MINUTE } from "../time";
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
  lag: number;
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
}

const range = (span: Span): Range => ({ start: ms(span.start), end: ms(span.end) });

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
  retentionStart: camera.retention_start === null ? null : ms(camera.retention_start),
  lag: camera.lag_s * 1000,
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
    .map((job) => ({ ...range(job), share: progress(job), failed: job.state === "failed" })),
});

/** The clip that holds all of a window, if there is one. */
export const clipOf = (row: Row, window: Range): Clip | undefined =>
  row.clips.find((mark) => mark.start <= window.start && mark.end >= window.end)?.clip;

/** About how many bytes a window will have, by what was saved of the camera; null if nothing was. */
export const estimate = (rows: Row[], window: Range): number | null => {
  let total = 0;
  for (const row of rows) {
    let bytes = 0;
    let length = 0;
    for (const { clip } of row.clips) {
      bytes += clip.size_bytes;
      length += clip.duration_s * 1000;
    }
    if (!length) return null;
    total += (bytes / length) * (window.end - window.start);
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
