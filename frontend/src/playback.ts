import { ms } from "./time";
import type { Clip } from "./types";

/** A clip's file has no gaps in it, while the clock that its frames were filmed by goes on in them. */
type Timed = Pick<Clip, "start" | "end" | "gaps">;

/** The time at which the frame was filmed that is so many seconds into the file. */
export const wallClock = (clip: Timed, played: number): number => {
  let time = ms(clip.start) + played * 1000;
  for (const gap of clip.gaps) {
    if (ms(gap.start) <= time) time += ms(gap.end) - ms(gap.start);
  }
  return Math.min(time, ms(clip.end));
};

/** How many seconds into the file a time is; one in a gap is where the footage goes on. */
export const fileTime = (clip: Timed, time: number): number => {
  let missing = 0;
  for (const gap of clip.gaps) {
    if (ms(gap.start) < time) missing += Math.min(time, ms(gap.end)) - ms(gap.start);
  }
  return Math.max(0, time - ms(clip.start) - missing) / 1000;
};
