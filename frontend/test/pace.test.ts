import { describe, expect, it } from "vitest";

import { Pace } from "../src/pace";
import type { Job } from "../src/types";

const job = (received_bytes: number, more: Partial<Job> = {}): Job =>
  ({ id: "a", state: "fetching", received_bytes, size_bytes: 10_000, ...more }) as Job;

describe("the time that is left", () => {
  it("follows how fast the bytes came lately", () => {
    const pace = new Pace();
    const after = (seconds: number, bytes: number): number | null => {
      pace.watch([job(bytes)], seconds * 1000);
      return pace.left(job(bytes));
    };
    expect([after(0, 0), after(1, 1000), after(2, 2000)]).toEqual([null, null, 8000]);
    expect(after(4, 2000)).toBe(8000);
    expect(after(40, 5000)).not.toBeNull();
    expect(after(50, 6000)).toBe(48_000);
  });

  it("is not known without a size, after a new beginning, and of what is not fetched", () => {
    const pace = new Pace();
    pace.watch([job(0), job(0, { id: "b", state: "waiting" })], 0);
    pace.watch([job(5000), job(5000, { id: "b", state: "waiting" })], 5000);
    expect(pace.left(job(5000))).toBe(5000);
    expect(pace.left(job(5000, { size_bytes: null }))).toBeNull();
    expect(pace.left(job(5000, { id: "b" }))).toBeNull();
    pace.watch([job(100)], 6000);
    expect(pace.left(job(100))).toBeNull();
    pace.watch([], 7000);
    expect(pace.left(job(100))).toBeNull();
  });
});
