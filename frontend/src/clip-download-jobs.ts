import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import { bar, barStyles } from "./bar";
import type { Format } from "./format";
import { icon } from "./icon";
import {
  mdiAlertCircleOutline,
  mdiCheckCircleOutline,
  mdiClockOutline,
  mdiClose,
  mdiCloudDownloadOutline,
  mdiDownload,
  mdiPlay,
  mdiRefresh,
} from "./icons";
import { jobWords } from "./job-words";
import { labelName, type Localize } from "./localize";
import { Pace } from "./pace";
import { shared } from "./styles";
import { ms, SECOND } from "./time";
import { isOver, progress } from "./timeline/model";
import type { BackFill, Camera, Job, JobState } from "./types";

const LOOKS: Record<JobState, string> = {
  queued: mdiClockOutline,
  waiting: mdiClockOutline,
  fetching: mdiDownload,
  finishing: mdiDownload,
  saved: mdiCheckCircleOutline,
  failed: mdiAlertCircleOutline,
  cancelled: mdiClose,
};

/** So many of those that went well are shown at first. */
const MOST_DONE = 3;

const isDone = (job: Job): boolean => job.state === "saved" || job.state === "cancelled";

/** What is being saved, and what has just been: how far it is, what it waits for, why it failed. */
export class ClipDownloadJobs extends LitElement {
  @property({ attribute: false }) jobs: Job[] = [];
  @property({ attribute: false }) backFills: BackFill[] = [];
  @property({ attribute: false }) cameras: Camera[] = [];
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  @property({ type: Boolean }) offline = false;

  /** Whether all that went well is shown, too. */
  @state() private _isLong = false;

  private _spoken = "";
  private readonly _pace = new Pace();

  /** A screen reader hears what a job has become, not each number on the way. */
  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("jobs")) this._pace.watch(this.jobs, Date.now());
    const old: Job[] | undefined = changed.get("jobs");
    if (!old) return;
    const news = this.jobs.filter((job) => old.some((one) => one.id === job.id && one.state !== job.state));
    if (news.length) this._spoken = news.map((job) => `${this._name(job)}: ${this._how(job)}`).join(". ");
  }

  private _name(job: Job): string {
    return this.cameras.find((one) => one.entity_id === job.entity_id)?.name ?? job.camera;
  }

  private _send(type: "cancel" | "retry" | "dismiss" | "play", job: Job): void {
    this.dispatchEvent(new CustomEvent(type, { detail: job }));
  }

  protected override render(): TemplateResult {
    const said = html`<p class="hidden-text" role="status">${this._spoken}</p>`;
    if (!this.jobs.length && !this.backFills.length) return said;
    return html`${said}
      <h2>${this.localize("jobs.title")}</h2>
      <ul>
        ${this.backFills.map((one) => this._backFill(one))}
        ${repeat(
          this._shown,
          (job) => job.id,
          (job) => this._job(job),
        )}
      </ul>
      ${this._more()}`;
  }

  /** Those that somebody has to wait for or look after, and the latest of the others. */
  private get _shown(): Job[] {
    if (this._isLong) return this.jobs;
    let left = MOST_DONE;
    return this.jobs.filter((job) => !isDone(job) || left-- > 0);
  }

  private _more(): TemplateResult | typeof nothing {
    const { localize, jobs } = this;
    const hidden = jobs.length - this._shown.length;
    if (!hidden && !this._isLong) return nothing;
    return html`<div class="more">
      <button aria-expanded=${this._isLong} @click=${() => (this._isLong = !this._isLong)}>
        ${this._isLong ? localize("jobs.fewer") : localize.plural("jobs.more", hidden)}
      </button>
      <button @click=${this._dismissAll}>${localize("jobs.dismiss_all")}</button>
    </div>`;
  }

  private _dismissAll(): void {
    this._isLong = false;
    for (const job of this.jobs.filter(isDone)) this._send("dismiss", job);
  }

  private _job(job: Job): TemplateResult {
    const { localize, format } = this;
    const name = this._name(job);
    const start = ms(job.start);
    const length = format.length(ms(job.end) - start);
    const what = `${name}, ${format.seconds(start)}`;
    return html`<li class=${job.state}>
      ${icon(LOOKS[job.state])}
      <div class="what">
        <b dir="auto">${name}</b>
        <span class="when">${format.seconds(start)} · ${length}${job.label ? html` · <bdi>${labelName(localize, job.label)}</bdi>` : nothing}</span>
        <span class="how">${this._how(job)}</span>
        ${isOver(job)
          ? nothing
          : bar(progress(job), localize("jobs.progress", { what }))}
      </div>
      ${job.state === "saved" && job.clip_ids.length
        ? this._button("play", "jobs.play", mdiPlay, job, what)
        : nothing}
      ${job.state === "failed" || job.state === "cancelled"
        ? this._button("retry", "jobs.retry", mdiRefresh, job, what)
        : nothing}
      ${isOver(job)
        ? this._button("dismiss", "jobs.dismiss", mdiClose, job, what)
        : this._button("cancel", "jobs.cancel", mdiClose, job, what)}
    </li>`;
  }

  private _backFill(one: BackFill): TemplateResult {
    const { localize, format } = this;
    const words = localize("jobs.back_fill");
    const facts = one.total
      ? [
          localize("jobs.back_fill_done", { done: format.count(one.done), total: format.count(one.total) }),
          one.left_s === null ? "" : localize("jobs.left", { left: format.rough(one.left_s * SECOND) }),
          one.reason ?? "",
        ]
      : [one.reason ?? localize("jobs.back_fill_list")];
    const label = `${localize("jobs.cancel")}: ${words}, ${one.account}`;
    return html`<li class="fetching">
      ${icon(mdiCloudDownloadOutline)}
      <div class="what">
        <b>${words}</b>
        <span class="when"><bdi>${one.account}</bdi></span>
        <span class="how">${facts.filter(Boolean).join(" · ")}</span>
        ${bar(one.total ? one.done / one.total : null, localize("jobs.progress", { what: one.account }))}
      </div>
      <button
        class="icon"
        aria-label=${label}
        title=${localize("jobs.cancel")}
        ?disabled=${this.offline}
        @click=${() => this.dispatchEvent(new CustomEvent("cancel-back-fill", { detail: one }))}
      >
        ${icon(mdiClose)}
      </button>
    </li>`;
  }

  private _button(
    type: "cancel" | "retry" | "dismiss" | "play",
    key: "jobs.cancel" | "jobs.retry" | "jobs.dismiss" | "jobs.play",
    path: string,
    job: Job,
    what: string,
  ): TemplateResult {
    const label = `${this.localize(key)}: ${what}`;
    const needsBackEnd = type === "cancel" || type === "retry";
    return html`<button
      class="icon"
      aria-label=${label}
      title=${this.localize(key)}
      ?disabled=${needsBackEnd && this.offline}
      @click=${() => this._send(type, job)}
    >
      ${icon(path)}
    </button>`;
  }

  private _how(job: Job): string {
    return jobWords(job, this.localize, this.format, this.now, this._pace.left(job));
  }

  static override styles = [
    shared,
    barStyles,
    css`
      :host {
        display: block;
      }
      ul {
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 8px 0;
        min-height: 68px;
      }
      li + li {
        border-top: 1px solid var(--cd-line);
      }
      .what {
        flex: 1;
        min-width: 0;
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0 8px;
      }
      b {
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .when {
        color: var(--cd-faint);
        font-variant-numeric: tabular-nums;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .how,
      .bar {
        grid-column: 1 / -1;
      }
      .how {
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .more {
        display: flex;
        flex-wrap: wrap;
        border-top: 1px solid var(--cd-line);
        padding-top: 4px;
      }
      .more button {
        color: var(--cd-link);
      }
      .failed > svg,
      .failed .how {
        color: var(--cd-error);
      }
      .saved > svg {
        color: color-mix(in srgb, var(--success-color, #43a047) 75%, var(--cd-text));
      }
      .bar {
        margin-top: 6px;
      }
    `,
  ];
}
