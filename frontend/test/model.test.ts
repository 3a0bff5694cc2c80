import { describe, expect, it } from "vitest";

import { mainKind } from "../src/icons";
import { HOUR, iso, MINUTE } from "../src/time";
import { cluster } from "../src/timeline/draw";
import { clipOf, estimate, isOver, makeRow, neighbor, progress, type Row, windowOf } from "../src/timeline/model";
import type { Camera, Clip, CloudEvent, Job } from "../src/types";

const span = (start: number, end: number) => ({ start: iso(start), end: iso(end) });

const camera: Camera = {
  entity_id: "camera.door",
  name: "Door",
  account: { entry_id: "1", title: "Ring", kind: "ring" },
  status: "ok",
  reason: null,
  any_window: true,
  has_events: true,
  lag_s: 30,
  retention_start: null,
  bytes_per_s: null,
  usd_per_gb: null,
  has_pictures: false,
  picture: null,
};

const event = (start: number, kind = "motion", seen: string[] = []): CloudEvent => ({
  ...span(start, start + MINUTE),
  id: String(start),
  kind,
  seen,
  is_ready: true,
  clip_id: null,
  picture: null,
});

const clip = (start: number, end: number): Clip => ({
  ...span(start, end),
  id: String(start),
  entity_id: "camera.door",
  label: "",
  status: "complete",
  gaps: [],
  duration_s: (end - start) / 1000,
  size_bytes: end - start,
  camera: "Door",
  events: [],
  kinds: [],
  seen: [],
  kept: false,
  saved_at: iso(end),
  path: "/media/clip.mp4",
  media_content_id: "",
  picture: null,
});

const job = (more: Partial<Job> = {}): Job => ({
  ...span(0, MINUTE),
  id: "1",
  entity_id: "camera.door",
  camera: "Door",
  label: "",
  state: "fetching",
  asked_at: iso(0),
  reason: null,
  next_try_at: null,
  received_bytes: 0,
  size_bytes: null,
  parts_done: 0,
  parts: null,
  clip_ids: [],
  error: null,
  ...more,
});

const row = (events: CloudEvent[], clips: Clip[] = [], jobs: Job[] = []): Row =>
  makeRow(camera, { entity_id: "camera.door", footage: null, events, events_error: null, clips }, jobs);

describe("a row", () => {
  it("has its marks in order, and only jobs that are not done", () => {
    const one = row([event(HOUR), event(0)], [], [job(), job({ state: "saved" }), job({ entity_id: "camera.other" })]);
    expect(one.events.map((mark) => mark.start)).toEqual([0, HOUR]);
    expect(one.jobs).toHaveLength(1);
    expect(one.footage).toBeNull();
  });

  it("is called by what was seen", () => {
    expect(mainKind("motion", ["vehicle", "person"])).toBe("person");
    expect(mainKind("ding", ["person"])).toBe("ding");
    expect(mainKind("motion", [])).toBe("motion");
    expect(mainKind("unheard_of", [])).toBe("unheard_of");
  });

  it("knows the clip that holds a whole window", () => {
    const one = row([], [clip(HOUR, 2 * HOUR)]);
    expect(clipOf(one, { start: HOUR + 1, end: 2 * HOUR })?.id).toBe(String(HOUR));
    expect(clipOf(one, { start: HOUR - 1, end: 2 * HOUR })).toBeUndefined();
  });

  it("estimates a size by the clips that there are", () => {
    expect(estimate([row([], [clip(0, HOUR)])], { start: 0, end: MINUTE })).toBe(MINUTE);
    expect(estimate([row([])], { start: 0, end: MINUTE })).toBeNull();
  });

  it("finds the next and the previous event of all rows", () => {
    const rows = [row([event(HOUR), event(3 * HOUR)]), row([event(2 * HOUR)])];
    expect(neighbor(rows, HOUR, true)?.mark.start).toBe(2 * HOUR);
    expect(neighbor(rows, Infinity, false)?.mark.start).toBe(3 * HOUR);
    expect(neighbor(rows, HOUR, false)).toBeUndefined();
  });

  it("takes a minute of an event without an end", () => {
    expect(windowOf({ start: HOUR, end: HOUR })).toEqual({ start: HOUR, end: HOUR + MINUTE });
  });
});

describe("icons", () => {
  it("are one where they would overlap, and the most important one", () => {
    const { events } = row([event(0), event(MINUTE, "ding"), event(2 * MINUTE), event(12 * HOUR)]);
    const scale = { start: 0, end: 24 * HOUR, length: 1440, mirrored: false };
    const found = cluster(events, scale);
    expect(found.map(({ mark, count }) => [mark.kind, count])).toEqual([
      ["ding", 3],
      ["motion", 1],
    ]);
    expect(cluster(events, { ...scale, mirrored: true }).map((one) => one.count)).toEqual([1, 3]);
    expect(cluster(events, { ...scale, start: 6 * HOUR })).toHaveLength(1);
  });
});

describe("progress", () => {
  it("is of bytes, else of parts, else unknown", () => {
    expect(progress(job({ received_bytes: 5, size_bytes: 10, parts: 4, parts_done: 1 }))).toBe(0.5);
    expect(progress(job({ received_bytes: 5, parts: 4, parts_done: 1 }))).toBe(0.25);
    expect(progress(job({ received_bytes: 5 }))).toBeNull();
    expect(progress(job({ state: "finishing" }))).toBe(1);
    expect(progress(job({ received_bytes: 50, size_bytes: 10 }))).toBe(1);
  });

  it("ends", () => {
    expect(isOver(job())).toBe(false);
    expect((["saved", "failed", "cancelled"] as const).every((state) => isOver(job({ state })))).toBe(true);
  });
});
