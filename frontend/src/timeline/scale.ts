import { clamp, clockAt, HOUR, MINUTE, offsetAt, SECOND } from "../time";

/** Which part of a day is shown, and on how many pixels. */
export interface Scale {
  start: number;
  end: number;
  /** Pixels from the one end to the other. */
  length: number;
  /** Whether later is left of earlier, as people expect who read from right to left. */
  mirrored: boolean;
}

/** The shortest time that can be looked at. */
export const LEAST_SPAN = MINUTE;

export const toPixel = (scale: Scale, time: number): number => {
  const along = ((time - scale.start) / (scale.end - scale.start)) * scale.length;
  return scale.mirrored ? scale.length - along : along;
};

export const toTime = (scale: Scale, pixel: number): number => {
  const along = scale.mirrored ? scale.length - pixel : pixel;
  return scale.start + (along / scale.length) * (scale.end - scale.start);
};

export interface Range {
  start: number;
  end: number;
}

/** Move a range into its bounds without changing its length, if it fits. */
export const fit = (range: Range, bounds: Range): Range => {
  const span = Math.min(range.end - range.start, bounds.end - bounds.start);
  const start = clamp(range.start, bounds.start, bounds.end - span);
  return { start, end: start + span };
};

/** Show `factor` times as much, with the time at `anchor` where it was. */
export const zoom = (range: Range, bounds: Range, factor: number, anchor: number): Range => {
  const span = range.end - range.start;
  const wanted = clamp(span * factor, LEAST_SPAN, bounds.end - bounds.start);
  const start = anchor - ((anchor - range.start) / span) * wanted;
  return fit({ start, end: start + wanted }, bounds);
};

export const pan = (range: Range, bounds: Range, by: number): Range =>
  fit({ start: range.start + by, end: range.end + by }, bounds);

const STEPS = [
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  4 * HOUR,
  6 * HOUR,
  12 * HOUR,
];

export interface Ticks {
  /** Time from one to the next. */
  step: number;
  times: number[];
}

/** Round times of the zone's clock, no nearer to each other than `room` pixels. */
export const ticks = (scale: Scale, room: number, zone: string): Ticks => {
  const least = ((scale.end - scale.start) / scale.length) * room;
  const step = STEPS.find((one) => one >= least) ?? 12 * HOUR;
  const times: number[] = [];
  if (step < HOUR) {
    const offset = offsetAt(scale.start, zone);
    const first = Math.ceil((scale.start + offset) / step) * step - offset;
    for (let time = first; time <= scale.end; time += step) times.push(time);
  } else {
    // The clock may be put forward or back within the day: take each quarter whose clock shows a round hour.
    const quarter = 15 * MINUTE;
    const hours = step / HOUR;
    for (let time = Math.ceil(scale.start / quarter) * quarter; time <= scale.end; time += quarter) {
      const clock = clockAt(time, zone);
      if (clock.minute === 0 && clock.hour % hours === 0) times.push(time);
    }
  }
  return { step, times };
};
