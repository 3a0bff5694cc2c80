import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import * as api from "./api";
import type { Format } from "./format";
import type { Localize } from "./localize";
import { shared } from "./styles";
import { dayAt, MINUTE, SECOND } from "./time";
import type { ClipDownloadTimeline } from "./timeline/clip-download-timeline";
import { neighbor, type Row, windowOf } from "./timeline/model";
import { Pictures } from "./timeline/pictures";
import type { Range } from "./timeline/scale";
import type { Selection } from "./timeline/selection";
import type { HomeAssistant } from "./types";

const PRESETS = [1, 5, 15];

/** The timeline of a day, and what is done with a window of it. */
export class ClipDownloadFootage extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  @property({ attribute: false }) rows: Row[] = [];
  /** The day that is shown. */
  @property({ attribute: false }) bounds!: Range;
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  @property({ type: Boolean }) vertical = false;
  @property({ type: Boolean }) loading = false;
  @property({ type: Boolean, attribute: "hide-presets" }) hidePresets = false;
  /** Whether a window has been asked for, and there is no answer yet. */
  @property({ type: Boolean }) busy = false;
  @property({ type: Boolean }) offline = false;
  /** Changes with the colors that are drawn in. */
  @property({ attribute: false }) theme: unknown;

  @query("clip-download-timeline") private _timeline!: ClipDownloadTimeline;

  /** Counts the pictures that came. */
  @state() private _version = 0;

  private readonly _pictures = new Pictures(
    (entityId, time) => api.fetchPicture(this.hass, entityId, time),
    async (clipId) => (await api.fetchClip(this.hass, clipId)).url ?? null,
    () => (this._version += 1),
  );

  /** What was selected by a button, and so may be out of sight. */
  private _chosen: Selection | null = null;

  /** Have the keys where one that was saved was selected. */
  focusTrack(): void {
    this._timeline.focusTrack();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._pictures.stop();
  }

  protected override updated(changed: PropertyValues<this>): void {
    const chosen = this._chosen;
    if (!chosen || !changed.has("selection") || this.selection !== chosen) return;
    this._chosen = null;
    void this._timeline.updateComplete.then(() => {
      this._timeline.reveal(chosen);
      // On a phone *Save* would be below the screen, and nothing would tell of it.
      this.renderRoot.querySelector("clip-download-save")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
  }

  private get _limits(): Range {
    const { start, end } = this.bounds;
    return { start, end: Math.max(Math.min(end, this.now + MINUTE), start + SECOND) };
  }

  protected override render(): TemplateResult {
    const { localize, rows } = this;
    return html`
      <clip-download-timeline
        .rows=${rows}
        .bounds=${this.bounds}
        .selection=${this.selection}
        .format=${this.format}
        .localize=${localize}
        .now=${this.now}
        .vertical=${this.vertical}
        .loading=${this.loading}
        .theme=${this.theme}
        .pictures=${this._pictures}
        .version=${this._version}
        .offline=${this.offline}
        @selection-changed=${this._pass}
        @clip-opened=${this._pass}
        @window-chosen=${(event: CustomEvent<Selection>) => this.choose(event.detail)}
        @cancel=${this._pass}
        @retry=${this._pass}
        @sign-in=${this._pass}
        >${this.hidePresets ? nothing : this._presets()}</clip-download-timeline
      >
      ${this._legend()}
      ${this.selection
        ? html`<clip-download-save
            .rows=${rows}
            .limits=${this._limits}
            .selection=${this.selection}
            .format=${this.format}
            .localize=${localize}
            .now=${this.now}
            .pictures=${this._pictures}
            .version=${this._version}
            .busy=${this.busy}
            .offline=${this.offline}
            @selection-changed=${this._pass}
            @clip-opened=${this._pass}
            @window-chosen=${(event: CustomEvent<Selection>) => this.choose(event.detail)}
            @save=${this._save}
          ></clip-download-save>`
        : html`<p class="hint">${localize(this.vertical ? "timeline.hint_touch" : "timeline.hint_drag")}</p>`}
    `;
  }

  private _presets(): TemplateResult {
    const localize = this.localize;
    return html`<div class="presets" slot="presets" role="group" aria-label=${localize("preset.title")}>
      ${PRESETS.map(
        (minutes) =>
          html`<button class="outlined" @click=${() => this._lastMinutes(minutes)}>
            ${localize.plural("preset.last_minutes", minutes)}
          </button>`,
      )}
      <button class="outlined" @click=${() => this._lastEvent()}>${localize("preset.last_event")}</button>
    </div>`;
  }

  private _legend(): TemplateResult {
    const localize = this.localize;
    const { rows, bounds } = this;
    const isSeen = {
      gone: rows.some((row) => (row.retentionStart ?? 0) > bounds.start),
      refused: rows.some((row) => row.refused.length),
      only_motion: rows.some((row) => !row.footage && (row.onlyMotionBefore ?? 0) > bounds.start),
    };
    const words = (["footage", "none", "only_motion", "gone", "refused", "not_yet", "clip", "job"] as const)
      .filter((one) => !(one in isSeen) || isSeen[one as keyof typeof isSeen])
      .map((one) => html`<span><i class=${one}></i>${localize(`legend.${one}`)}</span>`);
    return html`<div class="legend">${words}</div>`;
  }

  private _pass(event: CustomEvent<unknown>): void {
    this._send(event.type, event.detail);
  }

  private _save(event: CustomEvent<Range>): void {
    this._timeline.follow(event.detail);
    this._pass(event);
  }

  private _send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Select a window, and bring it into sight. */
  choose(selection: Selection): void {
    this._chosen = selection;
    this._send("selection-changed", selection);
  }

  private _lastMinutes(minutes: number): void {
    const end = Math.floor(Date.now() / SECOND) * SECOND;
    const rows = this.rows.filter((row) => row.anyWindow);
    const entityIds = this.selection?.entityIds ?? (rows.length ? rows : this.rows).map((row) => row.entityId);
    const start = Math.max(end - minutes * MINUTE, dayAt(end, this.format.zone).start);
    this.choose({ start, end: Math.max(end, start + SECOND), entityIds });
  }

  private _lastEvent(): void {
    const found = neighbor(this.rows, Infinity, false);
    if (found) this.choose({ ...windowOf(found.mark), entityIds: [found.row.entityId] });
    else this._send("notice", this.localize("preset.no_event"));
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .presets {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        margin-top: 12px;
        font-size: 12px;
        line-height: 16px;
        color: var(--cd-faint);
      }
      .legend span {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }
      .legend i {
        width: 18px;
        height: 10px;
        border-radius: 2px;
      }
      .legend .footage {
        background: color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground));
      }
      .legend .none {
        background: repeating-linear-gradient(-45deg, var(--cd-line) 0 1.5px, transparent 1.5px 4px);
      }
      .legend .only_motion {
        border-block: 4px solid transparent;
        background:
          linear-gradient(var(--cd-line), var(--cd-line)) content-box,
          repeating-linear-gradient(-45deg, var(--cd-line) 0 1.5px, transparent 1.5px 4px) border-box;
      }
      .legend .gone {
        background: color-mix(in srgb, var(--cd-text) 12%, var(--cd-ground));
      }
      .legend .not_yet {
        --now: color-mix(in srgb, var(--error-color, #db4437) 80%, var(--cd-text));
        background: repeating-linear-gradient(-45deg, var(--now) 0 1.5px, transparent 1.5px 4px);
        opacity: 0.7;
      }
      .legend .refused {
        background: var(--cd-error);
      }
      .legend .clip {
        background: var(--cd-strong);
      }
      .legend .job {
        --job: color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text));
        border: 1.5px solid var(--job);
        background: repeating-linear-gradient(-45deg, var(--job) 0 2px, transparent 2px 5px);
      }
      .hint {
        display: flex;
        align-items: center;
        min-height: 44px;
        margin: 16px 0 0;
        color: var(--cd-faint);
      }
      @container (max-width: 600px) {
        .presets {
          display: grid;
          grid-template-columns: 1fr 1fr;
          width: 100%;
        }
      }
    `,
  ];
}
