import { describe, expect, it } from "vitest";

import { clockAt, dayAt, dayById, HOUR, offsetAt, parseTime, timeOf } from "../src/time";

const BERLIN = "Europe/Berlin";

describe("days", () => {
  it("has 24 hours as a rule, 23 and 25 when the clock is changed", () => {
    const hours = (id: string): number => {
      const day = dayById(id, BERLIN);
      return (day.end - day.start) / HOUR;
    };
    expect([hours("2026-03-28"), hours("2026-03-29"), hours("2026-10-25")]).toEqual([24, 23, 25]);
  });

  it("is the day of the zone, not that of UTC", () => {
    const time = Date.parse("2026-11-22T03:30:00Z");
    expect(dayAt(time, "America/Los_Angeles").id).toBe("2026-11-21");
    expect(dayAt(time, BERLIN).id).toBe("2026-11-22");
    expect(new Date(dayAt(time, BERLIN).start).toISOString()).toBe("2026-11-21T23:00:00.000Z");
  });

  it("goes over the ends of months and years", () => {
    const time = Date.parse("2026-12-31T12:00:00Z");
    expect(dayAt(time, BERLIN, 1).id).toBe("2027-01-01");
    expect(dayAt(time, BERLIN, -31).id).toBe("2026-11-30");
  });

  it("ends where the next one begins, all year, wherever the clock is changed", () => {
    for (const zone of [BERLIN, "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]) {
      let day = dayById("2026-01-01", zone);
      for (let count = 0; count < 366; count++) {
        const next = dayAt(day.start, zone, 1);
        expect(next.start).toBe(day.end);
        expect(dayAt(day.end - 1, zone).id).toBe(day.id);
        day = next;
      }
    }
  });
});

describe("clocks", () => {
  it("knows a zone's offset", () => {
    expect(offsetAt(Date.parse("2026-07-01T00:00:00Z"), "Asia/Kolkata")).toBe(5.5 * HOUR);
    expect(clockAt(Date.parse("2026-07-01T22:05:09Z"), BERLIN)).toEqual({
      year: 2026,
      month: 7,
      day: 2,
      hour: 0,
      minute: 5,
      second: 9,
    });
  });

  it("takes the first of two equal times, and the time after a missing one", () => {
    const at = (month: number, day: number): string =>
      new Date(timeOf({ year: 2026, month, day, hour: 2, minute: 30, second: 0 }, BERLIN)).toISOString();
    expect(at(10, 25)).toBe("2026-10-25T00:30:00.000Z");
    expect(at(3, 29)).toBe("2026-03-29T01:30:00.000Z");
  });
});

describe("typed times", () => {
  const near = Date.parse("2026-11-22T13:00:00Z");
  const read = (text: string): string | null => {
    const time = parseTime(text, near, BERLIN);
    return time === null ? null : new Date(time).toISOString().slice(0, 19);
  };

  it.each([
    ["14:03", "2026-11-22T13:03:00"],
    ["14:03:20", "2026-11-22T13:03:20"],
    ["14.03.20", "2026-11-22T13:03:20"],
    ["140320", "2026-11-22T13:03:20"],
    ["2:03 PM", "2026-11-22T13:03:00"],
    ["2:03:20 p.m.", "2026-11-22T13:03:20"],
    ["12:30 am", "2026-11-22T23:30:00"],
    ["9", "2026-11-22T08:00:00"],
    ["١٤:٠٣", "2026-11-22T13:03:00"],
  ])("reads %s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each(["", "now", "25:00", "14:60", "13:00 pm", "1:2:3:4", "-1:00"])("refuses %s", (text) => {
    expect(read(text)).toBeNull();
  });

  it("takes the day that is nearest to the edge", () => {
    const midnight = Date.parse("2026-11-22T23:05:00Z");
    expect(parseTime("23:58", midnight, BERLIN)).toBe(Date.parse("2026-11-22T22:58:00Z"));
    expect(parseTime("00:10", midnight, BERLIN)).toBe(Date.parse("2026-11-22T23:10:00Z"));
  });

  it("takes the day that is shown first", () => {
    expect(parseTime("00:30", near, BERLIN, dayAt(near, BERLIN))).toBe(Date.parse("2026-11-21T23:30:00Z"));
  });
});
