import { SECOND } from "./time";
import type { Job } from "./types";

/** What came in this time says how fast it comes. */
const WINDOW_MS = 20 * SECOND;
const LEAST_MS = 2 * SECOND;

interface Sample {
  bytes: number;
  at: number;
}

/** How long downloads will still take, by how fast their bytes came lately. */
export class Pace {
  private readonly _samples = new Map<string, Sample[]>();

  /** Take note of how far jobs are. */
  watch(jobs: Job[], now: number): void {
    const running = jobs.filter((job) => job.state === "fetching");
    const ids = new Set(running.map((job) => job.id));
    for (const id of this._samples.keys()) if (!ids.has(id)) this._samples.delete(id);
    for (const { id, received_bytes: bytes } of running) {
      const samples = this._samples.get(id) ?? [];
      const last = samples.at(-1);
      // What is fetched anew counts from there.
      if (last && bytes < last.bytes) samples.length = 0;
      if (last?.bytes !== bytes) samples.push({ bytes, at: now });
      while (samples[1] && now - samples[1].at > WINDOW_MS) samples.shift();
      this._samples.set(id, samples);
    }
  }

  /** In milliseconds; null if that is not known. */
  left(job: Job): number | null {
    const samples = this._samples.get(job.id);
    const first = samples?.[0];
    const last = samples?.at(-1);
    if (!first || !last || job.size_bytes === null || last.at - first.at < LEAST_MS) return null;
    const perMs = (last.bytes - first.bytes) / (last.at - first.at);
    return Math.max(0, job.size_bytes - last.bytes) / perMs;
  }
}
