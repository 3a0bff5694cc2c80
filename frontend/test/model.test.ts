import { describe, expect, it } from "vitest";

import { mainKind } from "../src/icons";
import { HOUR, iso, MINUTE } from "../src/time";
import { cluster, slots } from "../src/timeline/draw";
import {
  around,
  availability,
  clipOf,
  costOf,
  estimate,
  eventIn,
  isOver,
  makeRow,
  nearestEvent,
  neighbor,
  progress,
  type Row,
  unionOf,
  windowOf,
} from "../src/timeline/model";
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
  makeRow(
    camera,
    {
      entity_id: "camera.door",
      footage: null,
      retention_start: null,
      only_motion_before: null,
      refused: [],
      events,
      events_error: null,
      clips,
    },
    jobs,
  );

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
    expect(estimate([{ ...row([]), bytesPerS: 500 }], { start: 0, end: MINUTE })).toBe(30_000);
  });

  it("says what a cloud bills, and nothing where it bills nothing", () => {
    const billed = { ...row([]), bytesPerS: 1e6, usdPerGb: 0.0085 };
    const window = { start: 0, end: 1000_000 };
    expect(costOf([billed, { ...row([]), bytesPerS: 1e6 }], window)).toBeCloseTo(0.0085);
    expect(costOf([{ ...row([]), bytesPerS: 1e6 }], window)).toBeNull();
    expect(costOf([{ ...billed, bytesPerS: null }], window)).toBeNull();
  });

  it("extends a window by the clips that reach out of it", () => {
    const one = row([], [clip(HOUR, 2 * HOUR), clip(3 * HOUR, 4 * HOUR), clip(30 * HOUR, 31 * HOUR)]);
    expect(unionOf(one, { start: 1.5 * HOUR, end: 3.5 * HOUR })).toEqual({ start: HOUR, end: 4 * HOUR });
    expect(unionOf(one, { start: 0, end: 5 * HOUR })).toBeNull();
    expect(unionOf(one, { start: 1.2 * HOUR, end: 1.5 * HOUR })).toBeNull();
    expect(unionOf(one, { start: 2 * HOUR, end: 3 * HOUR })).toBeNull();
    expect(unionOf(one, { start: 1.5 * HOUR, end: 30.5 * HOUR })).toBeNull();
  });

  it("finds the event that a window is about", () => {
    const one = row([event(0), event(HOUR), event(3 * HOUR)]);
    expect(eventIn(one, { start: HOUR, end: HOUR + MINUTE })?.start).toBe(HOUR);
    expect(eventIn(one, { start: 2 * HOUR, end: 2 * HOUR + MINUTE })).toBeUndefined();
    expect(nearestEvent(one, { start: 2.5 * HOUR, end: 2.6 * HOUR })?.start).toBe(3 * HOUR);
    expect(nearestEvent(row([]), { start: 0, end: 1 })).toBeUndefined();
    expect(around({ start: MINUTE, end: MINUTE })).toEqual({ start: 45_000, end: 90_000 });
  });

  it("knows where its cloud has footage", () => {
    const one: Row = { ...row([]), retentionStart: HOUR, footage: [{ start: 2 * HOUR, end: 3 * HOUR }], lag: MINUTE };
    const now = 5 * HOUR;
    const at = (time: number) => availability(one, time, now);
    expect([0, 1.5 * HOUR, 2.5 * HOUR, now - 1, now + 1].map(at)).toEqual(["gone", "none", "there", "not_yet", "future"]);
    const other = { ...one, footage: null, onlyMotionBefore: 2 * HOUR, refused: [{ start: 3 * HOUR, end: 4 * HOUR, reason: "" }] };
    expect([1.5 * HOUR, 2.5 * HOUR, 3.5 * HOUR].map((time) => availability(other, time, now))).toEqual([
      "only_motion",
      "unknown",
      "refused",
    ]);
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

describe("pictures in a lane", () => {
  const pictured = (start: number, kind?: string): CloudEvent => ({ ...event(start, kind), picture: `/${String(start)}` });

  it("are of the most important event of each stretch, and never cover each other", () => {
    const { events } = row([event(0), pictured(MINUTE), pictured(2 * MINUTE, "ding"), pictured(119 * MINUTE), pictured(121 * MINUTE)]);
    const scale = { start: 0, end: 24 * HOUR, length: 24 * 34, mirrored: false };
    const shown = slots(events, scale, 64, 24 * HOUR);
    expect(shown.map((slot) => slot.picture)).toEqual(["/120000", "/7260000"]);
    shown.forEach((slot, index) => {
      if (index) expect(slot.along - (shown[index - 1]?.along ?? 0)).toBeGreaterThanOrEqual(68);
    });
  });

  it("stay the same while the time moves", () => {
    const { events } = row(Array.from({ length: 60 }, (_, index) => pictured(index * 7 * MINUTE)));
    const of = (start: number) =>
      slots(events, { start, end: start + 2 * HOUR, length: 800, mirrored: false }, 64, 24 * HOUR)
        .filter((slot) => slot.along > 100 && slot.along < 600)
        .map((slot) => slot.picture);
    const later = of(HOUR + 1000);
    expect(of(HOUR).filter((one) => later.includes(one)).length).toBeGreaterThanOrEqual(later.length - 1);
  });
});
