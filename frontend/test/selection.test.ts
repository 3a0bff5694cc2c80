import { describe, expect, it } from "vitest";

import { HOUR, SECOND } from "../src/time";
import { between, keyStep, moveEdge, snap } from "../src/timeline/selection";

const day = { start: 0, end: 24 * HOUR };

describe("a window", () => {
  it("begins at the earlier of two times, whichever way it is dragged", () => {
    const window = { start: HOUR, end: 2 * HOUR };
    expect(between(HOUR, 2 * HOUR, day)).toEqual(window);
    expect(between(2 * HOUR, HOUR, day)).toEqual(window);
  });

  it("has whole seconds, at least one, and stays in its day", () => {
    expect(between(1499, 1501, day)).toEqual({ start: 1000, end: 2000 });
    expect(between(5000, 5000, day)).toEqual({ start: 5000, end: 6000 });
    expect(between(-HOUR, 30 * HOUR, day)).toEqual(day);
    expect(between(30 * HOUR, 31 * HOUR, day)).toEqual({ start: 24 * HOUR - SECOND, end: 24 * HOUR });
  });

  it("has edges that do not pass each other", () => {
    const window = { start: HOUR, end: 2 * HOUR };
    expect(moveEdge(window, "start", 3 * HOUR, day)).toEqual({ start: 2 * HOUR - SECOND, end: 2 * HOUR });
    expect(moveEdge(window, "end", 0, day)).toEqual({ start: HOUR, end: HOUR + SECOND });
    expect(moveEdge(window, "end", 99 * HOUR, day)).toEqual({ start: HOUR, end: 24 * HOUR });
  });

  it("is put to the nearest end of an event within reach", () => {
    expect(snap(1000, [1300, 800, 5000], 400)).toBe(800);
    expect(snap(1000, [1300, 5000], 200)).toBe(1000);
  });
});

describe("keys", () => {
  it("move an edge the way that the arrow points", () => {
    expect(keyStep("ArrowRight", false, false, false)).toBe(10 * SECOND);
    expect(keyStep("ArrowRight", true, false, false)).toBe(SECOND);
    expect(keyStep("ArrowRight", false, true, false)).toBe(-10 * SECOND);
    expect(keyStep("ArrowDown", false, false, true)).toBe(10 * SECOND);
    expect(keyStep("ArrowUp", false, false, false)).toBe(10 * SECOND);
    expect(keyStep("PageUp", false, false, false)).toBe(60 * SECOND);
    expect(keyStep("Tab", false, false, false)).toBeNull();
  });
});
