import { describe, expect, it } from "vitest";

import { clockAt, dayById, HOUR, MINUTE } from "../src/time";
import { LEAST_SPAN, pan, type Scale, ticks, toPixel, toTime, zoom } from "../src/timeline/scale";

const day = { start: 0, end: 24 * HOUR };
const scale = (more: Partial<Scale> = {}): Scale => ({ ...day, length: 1440, mirrored: false, ...more });

describe("pixels", () => {
  it("goes there and back", () => {
    for (const mirrored of [false, true]) {
      const one = scale({ mirrored });
      for (const time of [0, 5 * MINUTE, 13 * HOUR, 24 * HOUR]) {
        expect(toTime(one, toPixel(one, time))).toBeCloseTo(time, 3);
      }
    }
  });

  it("puts later to the left where people read from the right", () => {
    expect(toPixel(scale(), HOUR)).toBe(60);
    expect(toPixel(scale({ mirrored: true }), HOUR)).toBe(1380);
  });
});

describe("zoom", () => {
  it("keeps the time under the pointer where it is", () => {
    const anchor = 10 * HOUR;
    const range = zoom(day, day, 0.5, anchor);
    expect(range.end - range.start).toBe(12 * HOUR);
    expect(toPixel(scale({ ...range }), anchor)).toBeCloseTo(toPixel(scale(), anchor), 6);
  });

  it("stops at a minute and at the day", () => {
    const least = zoom(day, day, 0.000001, HOUR);
    expect(least.end - least.start).toBe(LEAST_SPAN);
    expect(zoom(least, day, 1e9, HOUR)).toEqual(day);
  });

  it("never leaves the day", () => {
    expect(pan({ start: HOUR, end: 2 * HOUR }, day, -5 * HOUR)).toEqual({ start: 0, end: HOUR });
    expect(pan({ start: HOUR, end: 2 * HOUR }, day, 50 * HOUR)).toEqual({ start: 23 * HOUR, end: 24 * HOUR });
  });
});

describe("ticks", () => {
  it("are round on the clock of the zone, on a day of 25 hours too", () => {
    for (const zone of ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]) {
      const { start, end } = dayById("2026-10-25", zone);
      const { times, step } = ticks({ start, end, length: 1000, mirrored: false }, 60, zone);
      expect(step).toBe(2 * HOUR);
      for (const time of times) {
        const { hour, minute, second } = clockAt(time, zone);
        expect([hour % 2, minute, second]).toEqual([0, 0, 0]);
      }
    }
  });

  it("are never nearer than there is room", () => {
    for (const span of [MINUTE, 7 * MINUTE, HOUR, 5 * HOUR, 24 * HOUR]) {
      const one = scale({ start: HOUR, end: HOUR + span, length: 900 });
      const { times } = ticks(one, 70, "UTC");
      const pixels = times.map((time) => toPixel(one, time));
      pixels.slice(1).forEach((pixel, index) => expect(pixel - (pixels[index] ?? 0)).toBeGreaterThanOrEqual(70));
      expect(times.length).toBeGreaterThan(1);
    }
  });
});
