import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";

import type { Format } from "./format";
import { icon } from "./icon";
import { mdiArrowExpandHorizontal, mdiClose, mdiDownload, mdiPlay } from "./icons";
import type { Localize } from "./localize";
import { shared } from "./styles";
import { HOUR, MINUTE, parseTime, SECOND } from "./time";
import { around, clipOf, costOf, estimate, eventIn, hasPicture, nearestEvent, refusedIn, type Row, unionOf, windowOf } from "./timeline/model";
import type { Pictures } from "./timeline/pictures";
import type { Range } from "./timeline/scale";
import { type Edge, moveEdge, NUDGE, type Selection } from "./timeline/selection";

/** What a window is called, to be picked with one press. */
const LABELS = ["doorbell", "parcel", "visitor", "incident"] as const;

/** The window that is selected: its edges, its cameras, its label, and the button that saves it. */
export class ClipDownloadSave extends LitElement {
  @property({ attribute: false }) rows: Row[] = [];
  @property({ attribute: false }) limits!: Range;
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  /** Which picture each edge has; none are shown without. */
  @property({ attribute: false }) pictures: Pictures | null = null;
  @property({ type: Number }) version = 0;
  @property({ type: Boolean }) busy = false;
  @property({ type: Boolean }) offline = false;

  @state() private _label = "";
  @state() private _wrong: Edge | null = null;

  private _change(selection: Selection | null): void {
    this._wrong = null;
    this.dispatchEvent(new CustomEvent("selection-changed", { detail: selection }));
  }

  private _nudge(edge: Edge, by: number): void {
    if (!this.selection) return;
    const range = moveEdge(this.selection, edge, this.selection[edge] + by, this.limits);
    this._change({ ...this.selection, ...range });
  }

  private _typed(event: Event, edge: Edge): void {
    const { selection } = this;
    const input = event.target as HTMLInputElement;
    if (!selection) return;
    const time = parseTime(input.value, selection[edge], this.format.zone, this.limits);
    const isOutside = time === null || time < this.limits.start || time > this.limits.end;
    const isBehind = time !== null && (edge === "start" ? time >= selection.end : time <= selection.start);
    if (isOutside || isBehind) {
      this._wrong = edge;
      return;
    }
    this._change({ ...selection, ...moveEdge(selection, edge, time, this.limits) });
    // What was typed is shown as this user reads times, also where it was that time already.
    input.value = this.format.seconds(time);
  }

  private _tick(entityId: string): void {
    const { selection } = this;
    if (!selection) return;
    const chosen = new Set(selection.entityIds);
    if (!chosen.delete(entityId)) chosen.add(entityId);
    if (!chosen.size) return;
    const entityIds = this.rows.map((row) => row.entityId).filter((one) => chosen.has(one));
    this._change({ ...selection, entityIds });
  }

  private _save(window?: Range, label = ""): void {
    if (!this.selection || this.busy || this.offline) return;
    const detail = { ...this.selection, ...window, label: this._label.trim() || label };
    this.dispatchEvent(new CustomEvent("save", { detail }));
    this._label = "";
  }

  /** Select another window of the same cameras, and bring it into sight. */
  private _choose(window: Range): void {
    if (!this.selection) return;
    const start = Math.max(window.start, this.limits.start);
    const end = Math.min(window.end, this.limits.end);
    this.dispatchEvent(new CustomEvent("window-chosen", { detail: { ...this.selection, start, end } }));
  }

  private _typeLabel(event: Event): void {
    this._label = (event.target as HTMLInputElement).value;
  }

  private _enter(event: KeyboardEvent): void {
    if (event.key === "Enter") this._save();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { selection, localize, format } = this;
    if (!selection) return nothing;
    const chosen = this.rows.filter((row) => selection.entityIds.includes(row.entityId));
    const one = chosen.length === 1 ? chosen[0] : undefined;
    const saved = one && clipOf(one, selection);
    const onlyEvents = chosen.filter(
      (row) => !row.anyWindow && !row.events.some((mark) => mark.start < selection.end && mark.end > selection.start),
    );
    return html`
      <section aria-label=${localize("save.title")}>
        <div class="edges">
          ${this._shots(chosen, selection)} ${this._edge("start", selection)} ${this._length(chosen, selection)}
          ${this._edge("end", selection)}
          <button
            class="icon close"
            aria-label=${localize("save.clear")}
            title=${localize("save.clear")}
            @click=${() => this._change(null)}
          >
            ${icon(mdiClose)}
          </button>
        </div>
        ${this._windows(chosen, selection)} ${this.rows.length > 1 ? this._cameras(selection) : nothing}
        <div class="do">
          <input
            type="text"
            maxlength="100"
            list="labels"
            aria-label=${localize("save.label")}
            placeholder=${localize("save.label")}
            .value=${this._label}
            @input=${this._typeLabel}
            @keydown=${this._enter}
          />
          <datalist id="labels">
            ${LABELS.map((one) => html`<option value=${localize(`label.${one}`)}></option>`)}
          </datalist>
          ${saved
            ? html`<button
                class="outlined"
                @click=${() => this.dispatchEvent(new CustomEvent("clip-opened", { detail: saved }))}
              >
                ${icon(mdiPlay)} ${localize("save.play_saved")}
              </button>`
            : nothing}
          ${one ? this._extend(one, selection) : nothing}
          <button class="primary" ?disabled=${this.busy || this.offline} @click=${() => this._save()}>
            ${icon(mdiDownload)}
            ${localize(saved ? "save.again" : "save.save", { length: format.length(selection.end - selection.start) })}
            ${chosen.length > 1 ? html`<span>× ${format.count(chosen.length)}</span>` : nothing}
          </button>
        </div>
        ${chosen.map((row) => {
          const problem = this._problem(row, selection);
          return problem ? html`<p class="hint">${problem}</p>` : nothing;
        })}
        ${onlyEvents.map(
          (row) => html`<p class="hint">
            ${localize("save.only_events", { camera: row.name })}
            ${this._nearest(row, selection)}
          </p>`,
        )}
      </section>
    `;
  }

  /** Why a camera's cloud may give nothing of a window, or not all of it. */
  private _problem(row: Row, selection: Selection): string | undefined {
    const about = { camera: row.name };
    const refused = refusedIn(row, selection);
    if (refused) return this.localize("camera.problem", { ...about, reason: refused.reason });
    if (selection.start < (row.retentionStart ?? 0)) return this.localize("save.gone", about);
    if (selection.start < (row.onlyMotionBefore ?? 0)) return this.localize("save.only_motion", about);
    return undefined;
  }

  private _length(chosen: Row[], selection: Selection): TemplateResult {
    const { localize, format } = this;
    const bytes = estimate(chosen, selection);
    const cost = costOf(chosen, selection);
    return html`<div class="length">
      <b>${format.length(selection.end - selection.start)}</b>
      ${bytes === null ? nothing : html`<span>${localize("save.about", { size: format.bytes(bytes) })}</span>`}
      ${cost === null
        ? nothing
        : html`<span title=${localize("save.cost_help")}>${localize("save.cost", { cost: format.dollars(cost) })}</span>`}
    </div>`;
  }

  /** Other windows that may be meant. */
  private _windows(chosen: Row[], selection: Selection): TemplateResult | typeof nothing {
    const { localize, limits, now } = this;
    const offers: TemplateResult[] = [];
    const offer = (key: "save.around" | "save.recording" | "save.until_now", window: Range): void => {
      const start = Math.max(window.start, limits.start);
      const end = Math.min(window.end, limits.end);
      if (start === selection.start && end === selection.end) return;
      offers.push(html`<button class="outlined" @click=${() => this._choose(window)}>${localize(key)}</button>`);
    };
    const [one] = chosen;
    const isShort = selection.end - selection.start <= 10 * MINUTE;
    const mark = one && chosen.length === 1 && isShort ? eventIn(one, selection) : undefined;
    if (mark && one?.anyWindow) offer("save.around", around(mark));
    if (mark && !one?.anyWindow) offer("save.recording", windowOf(mark));
    const end = Math.ceil(now / SECOND) * SECOND + MINUTE;
    const isOfNow = limits.end >= now && selection.start < now && now - selection.end < HOUR;
    if (isOfNow && chosen.some((row) => row.anyWindow)) offer("save.until_now", { start: selection.start, end });
    return offers.length ? html`<div class="windows" role="group" aria-label=${localize("save.windows")}>${offers}</div>` : nothing;
  }

  private _extend(row: Row, selection: Selection): TemplateResult | typeof nothing {
    const { localize, format } = this;
    const union = row.anyWindow ? unionOf(row, selection) : null;
    if (!union) return nothing;
    const label = row.clips.find((mark) => mark.start < selection.end && mark.end > selection.start)?.clip.label;
    return html`<button
      class="outlined"
      title=${localize("save.extend_help")}
      ?disabled=${this.busy || this.offline}
      @click=${() => this._save(union, label)}
    >
      ${icon(mdiArrowExpandHorizontal)} ${localize("save.extend", { length: format.length(union.end - union.start) })}
    </button>`;
  }

  private _nearest(row: Row, selection: Selection): TemplateResult | typeof nothing {
    const mark = nearestEvent(row, selection);
    if (!mark) return nothing;
    const choose = (): void => {
      const detail = { ...windowOf(mark), entityIds: [row.entityId] };
      this.dispatchEvent(new CustomEvent("window-chosen", { detail }));
    };
    return html`<button class="outlined" @click=${choose}>
      ${this.localize("save.nearest", { time: this.format.seconds(mark.start) })}
    </button>`;
  }

  private _edge(edge: Edge, selection: Selection): TemplateResult {
    const { localize, format } = this;
    const isWrong = this._wrong === edge;
    const name = localize(edge === "start" ? "save.start" : "save.end");
    const nudge = (by: number): TemplateResult => {
      const length = format.spoken(Math.abs(by));
      const label = localize(by < 0 ? "save.earlier" : "save.later", { edge: name, length });
      const short = `${by < 0 ? "\u2212" : "+"}${format.count(Math.abs(by) / SECOND)}`;
      return html`<button class="icon nudge" aria-label="${label} (${short})" title=${label} @click=${() => this._nudge(edge, by)}>
        <bdi dir="ltr">${short}</bdi>
      </button>`;
    };
    return html`<div class="edge ${edge}">
      ${nudge(-NUDGE)} ${nudge(-SECOND)}
      <label>
        <span class="name">${name}</span>
        <input
          type="text"
          inputmode="text"
          autocomplete="off"
          aria-invalid=${isWrong}
          aria-describedby=${isWrong ? `wrong-${edge}` : nothing}
          .value=${format.seconds(selection[edge])}
          @change=${(event: Event) => this._typed(event, edge)}
        />
      </label>
      ${nudge(SECOND)} ${nudge(NUDGE)}
      ${isWrong
        ? html`<span class="wrong" id=${`wrong-${edge}`} role="alert">${localize("save.wrong_time")}</span>`
        : nothing}
    </div>`;
  }

  /** What was seen at the edges, by the first camera that may show it. */
  private _shots(chosen: Row[], selection: Selection): TemplateResult | typeof nothing {
    if (!this.pictures) return nothing;
    const { start, end } = selection;
    const isSaved = (row: Row): boolean => row.clips.some((mark) => mark.start < end && mark.end > start);
    const moving = chosen.find((row) => isSaved(row) || hasPicture(row, start, this.now));
    if (moving) return html`${this._shot("start", moving, start)} ${this._shot("end", moving, end)}`;
    for (const row of chosen) {
      const mark = row.events.find((one) => one.event.picture && one.start < end && one.end >= start);
      if (mark) return this._shot("start", row, mark.start);
    }
    return nothing;
  }

  private _shot(edge: Edge, row: Row, time: number): TemplateResult {
    return html`<clip-download-shot
      class=${edge}
      .row=${row}
      .time=${time}
      .now=${this.now}
      .place=${edge}
      .pictures=${this.pictures}
      .format=${this.format}
      .version=${this.version}
    ></clip-download-shot>`;
  }

  private _cameras(selection: Selection): TemplateResult {
    return html`<div class="cameras" role="group" aria-label=${this.localize("save.cameras")}>
      ${this.rows.map((row) => {
        const isChosen = selection.entityIds.includes(row.entityId);
        return html`<label class="tick ${isChosen ? "chosen" : ""}">
          <input type="checkbox" .checked=${isChosen} @change=${() => this._tick(row.entityId)} />
          <span dir="auto">${row.name}</span>
        </label>`;
      })}
    </div>`;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 12px 16px;
        padding-top: 16px;
      }
      .edge,
      .do,
      .cameras {
        display: flex;
        align-items: center;
      }
      .edges {
        display: grid;
        grid-template-columns: repeat(4, auto);
        align-items: center;
        gap: 16px 8px;
      }
      .edge {
        position: relative;
        width: 284px;
      }
      clip-download-shot {
        grid-row: 1;
        width: 284px;
      }
      clip-download-shot.end {
        grid-column: 3;
      }
      .edge,
      .length,
      .close {
        grid-row: 2;
      }
      .nudge {
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      .windows {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .hint button {
        margin-inline-start: 8px;
      }
      label {
        display: block;
        position: relative;
      }
      .name {
        position: absolute;
        top: -8px;
        inset-inline-start: 8px;
        padding: 0 4px;
        background: var(--cd-ground);
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
        border-radius: 4px;
      }
      .edge input {
        width: 108px;
        text-align: center;
        font-variant-numeric: tabular-nums;
      }
      input[aria-invalid="true"] {
        border-color: var(--cd-error);
      }
      .wrong {
        position: absolute;
        top: calc(100% + 2px);
        inset-inline-start: 88px;
        color: var(--cd-error);
        font-size: 12px;
        line-height: 16px;
        white-space: nowrap;
        background: var(--cd-ground);
        z-index: 1;
      }
      .length {
        display: grid;
        justify-items: center;
        min-width: 84px;
        font-variant-numeric: tabular-nums;
      }
      .length b {
        font-size: 18px;
        font-weight: 500;
      }
      .length span,
      .hint {
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
      }
      .hint {
        margin: 0;
        flex-basis: 100%;
      }
      .cameras {
        flex-wrap: wrap;
        gap: 0 4px;
      }
      .tick {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 10px;
        border-radius: 22px;
        cursor: pointer;
        max-width: 240px;
      }
      .tick:hover {
        background: var(--cd-soft);
      }
      .tick span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .tick input {
        min-height: 0;
        width: 18px;
        height: 18px;
        flex: none;
        accent-color: var(--cd-strong);
      }
      .do {
        flex: 1;
        gap: 8px;
        min-width: min(100%, 440px);
        flex-wrap: wrap;
        justify-content: flex-end;
      }
      .do input {
        flex: 1 1 120px;
        max-width: 360px;
      }
      .do button {
        flex: none;
        font-variant-numeric: tabular-nums;
      }
      @container (max-width: 720px) {
        .edges {
          grid-template-columns: 1fr 1fr;
          width: 100%;
        }
        clip-download-shot {
          grid-row: 2;
          width: 100%;
        }
        clip-download-shot.end {
          grid-column: 2;
        }
        .edge {
          grid-column: 1 / 3;
          grid-row: 3;
          width: 100%;
        }
        .edge.end {
          grid-row: 4;
        }
        .edge label {
          flex: 1;
        }
        .edge input {
          width: 100%;
        }
        .length {
          grid-area: 1 / 1;
          display: flex;
          align-items: baseline;
          gap: 12px;
          white-space: nowrap;
        }
        .close {
          grid-area: 1 / 2;
          justify-self: end;
        }
        .do {
          min-width: 100%;
        }
        .do .primary {
          flex: 1 1 auto;
        }
      }
    `,
  ];
}
