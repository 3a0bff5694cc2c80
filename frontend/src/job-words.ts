import type { Format } from "./format";
import type { Localize } from "./localize";
import { ms } from "./time";
import type { Job } from "./types";

/** One line that says how a job is; `left` is how long it will take, if that is known. */
export const jobWords = (job: Job, localize: Localize, format: Format, now: number, left: number | null): string => {
  switch (job.state) {
    case "fetching":
      return howFar(job, localize, format, left);
    case "queued":
    case "waiting": {
      const reason = job.reason ?? localize(job.state === "queued" ? "jobs.queued" : "jobs.waiting");
      if (job.next_try_at === null) return reason;
      const wait = ms(job.next_try_at) - now;
      return wait > 0 ? localize("jobs.next_try", { reason, left: format.length(wait) }) : reason;
    }
    case "failed":
      return job.error?.message ?? localize("jobs.failed");
    default:
      return localize(`jobs.${job.state}`);
  }
};

const howFar = (job: Job, localize: Localize, format: Format, left: number | null): string => {
  const received = format.bytes(job.received_bytes);
  const parts = job.parts ?? 1;
  const facts = [
    job.size_bytes
      ? localize("jobs.bytes_of", {
          received,
          size: format.bytes(job.size_bytes),
          share: format.percent(Math.min(job.received_bytes / job.size_bytes, 1)),
        })
      : localize("jobs.bytes", { received }),
    parts > 1 ? localize("jobs.parts_of", { done: format.count(job.parts_done), parts: format.count(parts) }) : "",
    left === null ? "" : localize("jobs.left", { left: format.length(left) }),
  ];
  return facts.filter(Boolean).join(" · ");
};
