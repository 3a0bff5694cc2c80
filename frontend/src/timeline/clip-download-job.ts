import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { bar, barStyles } from "../bar";
import type { Format } from "../format";
import { icon } from "../icon";
import { mdiClose } from "../icons";
import { jobWords } from "../job-words";
import type { Localize } from "../localize";
import { shared } from "../styles";
import { ms } from "../time";
import type { Job } from "../types";
import { nearestEvent, progress, type Row, windowOf } from "./model";

/** Failures after which a recording of an event is what can be had instead. */
const NOTHING_THERE = new Set(["no_footage", "nothing_recorded"]);

/** A job beside its place in the timeline: how far it is or why it failed, and the one button that helps. */
export class ClipDownloadJob extends LitElement {
  @property({ attribute: false }) job!: Job;
  @property({ attribute: false }) row!: Row;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  @property({ type: Boolean }) offline = false;

  private _send(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  protected override render(): TemplateResult {
    const { job, localize, format } = this;
    const start = ms(job.start);
    const what = `${format.seconds(start)} · ${format.length(ms(job.end) - start)}`;
    return html`<section class=${job.state} aria-label=${localize("jobs.of", { what })}>
      <b>${what}</b>
      <button class="icon" aria-label=${localize("close")} title=${localize("close")} @click=${() => this._send("closed")}>
        ${icon(mdiClose, "small")}
      </button>
      <p>${jobWords(job, localize, format, this.now, null)}</p>
      ${job.state === "failed"
        ? nothing
        : bar(progress(job), localize("jobs.progress", { what }))}
      ${this._help()}
    </section>`;
  }

  private _help(): TemplateResult {
    const { job, row, localize, offline } = this;
    if (job.state !== "failed") {
      return html`<button class="outlined" ?disabled=${offline} @click=${() => this._send("cancel", job)}>
        ${localize("jobs.cancel")}
      </button>`;
    }
    if (row.isSignedOut) {
      return html`<button class="outlined" @click=${() => this._send("sign-in")}>${localize("camera.sign_in")}</button>`;
    }
    const mark = NOTHING_THERE.has(job.error?.key ?? "") ? nearestEvent(row, { start: ms(job.start), end: ms(job.end) }) : null;
    if (mark && !row.anyWindow) {
      const detail = { ...windowOf(mark), entityIds: [row.entityId] };
      return html`<button class="outlined" @click=${() => this._send("window-chosen", detail)}>
        ${localize("save.nearest", { time: this.format.seconds(mark.start) })}
      </button>`;
    }
    return html`<button class="outlined" ?disabled=${offline} @click=${() => this._send("retry", job)}>
      ${localize("jobs.retry")}
    </button>`;
  }

  static override styles = [
    shared,
    barStyles,
    css`
      :host {
        display: block;
        width: min(300px, 80vw);
      }
      section {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        justify-items: start;
        gap: 0 8px;
        padding: 4px 4px 12px 16px;
        padding-inline: 16px 4px;
        border: 1px solid var(--cd-line);
        border-radius: 12px;
        background: var(--cd-ground);
        box-shadow: 0 4px 16px rgba(0, 0, 0, 0.3);
      }
      section.failed {
        border-color: var(--cd-error);
      }
      b {
        font-weight: 500;
        font-variant-numeric: tabular-nums;
      }
      p {
        grid-column: 1 / 3;
        margin: 0 12px 8px 0;
        margin-inline: 0 12px;
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .failed p {
        color: var(--cd-error);
      }
      .outlined {
        grid-column: 1 / 3;
        min-height: 44px;
      }
      .bar {
        grid-column: 1 / 3;
        width: calc(100% - 12px);
        margin-bottom: 12px;
      }
    `,
  ];
}
