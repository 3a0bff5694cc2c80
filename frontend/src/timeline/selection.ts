import { clamp, SECOND } from "../time";
import type { Range } from "./scale";

/** A window that is to be saved. */
export interface Selection extends Range {
  entityIds: string[];
}

export const LEAST_LENGTH = SECOND;
/** What one press of a nudge button, and of an arrow key, moves an edge. */
export const NUDGE = 10 * SECOND;

export type Edge = "start" | "end";

const whole = (time: number): number => Math.round(time / SECOND) * SECOND;

/** The window between two times in either order, in whole seconds within bounds. */
export const between = (a: number, b: number, bounds: Range): Range => {
  const start = clamp(whole(Math.min(a, b)), bounds.start, bounds.end - LEAST_LENGTH);
  const end = clamp(whole(Math.max(a, b)), start + LEAST_LENGTH, bounds.end);
  return { start, end };
};

/** Put one edge to a time; it stops before the other one and at the bounds. */
export const moveEdge = (range: Range, edge: Edge, time: number, bounds: Range): Range =>
  edge === "start"
    ? { start: clamp(whole(time), bounds.start, range.end - LEAST_LENGTH), end: range.end }
    : { start: range.start, end: clamp(whole(time), range.start + LEAST_LENGTH, bounds.end) };

/** The time of `points` that is at most `reach` away, the nearest; else the time itself. */
export const snap = (time: number, points: Iterable<number>, reach: number): number => {
  let best = time;
  let least = reach;
  for (const point of points) {
    const away = Math.abs(point - time);
    if (away <= least) {
      least = away;
      best = point;
    }
  }
  return best;
};

/**
 * How far an arrow or page key moves an edge; null for any other key.
 *
 * An arrow moves it the way it points: down a vertical line, and left on a mirrored one, is later.
 */
export const keyStep = (
  key: string,
  hasShift: boolean,
  isMirrored: boolean,
  isVertical: boolean,
): number | null => {
  const step = hasShift ? SECOND : NUDGE;
  const across = isMirrored ? -step : step;
  const down = isVertical ? step : -step;
  switch (key) {
    case "ArrowRight":
      return across;
    case "ArrowLeft":
      return -across;
    case "ArrowDown":
      return down;
    case "ArrowUp":
      return -down;
    case "PageUp":
      return 6 * NUDGE;
    case "PageDown":
      return -6 * NUDGE;
    default:
      return null;
  }
};
