import { describe, expect, it } from "vitest";

import { fileTime, wallClock } from "../src/playback";

const at = (second: number): string => new Date(Date.UTC(2026, 10, 22, 12, 0, second)).toISOString();
const clip = {
  start: at(0),
  end: at(60),
  gaps: [
    { start: at(10), end: at(20) },
    { start: at(30), end: at(35) },
  ],
};
const second = (time: number): number => (time - Date.parse(at(0))) / 1000;

describe("a clip with gaps", () => {
  it("shows when its frames were filmed", () => {
    expect([0, 9, 10, 19, 20, 45, 99].map((played) => second(wallClock(clip, played)))).toEqual([0, 9, 20, 29, 35, 60, 60]);
  });

  it("is played from a time, or from where the footage goes on", () => {
    const times = [-5, 0, 9, 10, 15, 20, 29, 32, 40].map((one) => fileTime(clip, Date.parse(at(0)) + one * 1000));
    expect(times).toEqual([0, 0, 9, 10, 10, 10, 19, 20, 25]);
  });
});
