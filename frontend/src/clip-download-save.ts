import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";

import type { Format } from "./format";
import { icon } from "./icon";
import { mdiClose, mdiDownload, mdiMinus, mdiPlay, mdiPlus } from "./icons";
import type { Localize } from "./localize";
import { shared } from "./styles";
import { parseTime } from "./time";
import { clipOf, estimate, type Row } from "./timeline/model";
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

  private _save(): void {
    if (!this.selection || this.busy || this.offline) return;
    this.dispatchEvent(new CustomEvent("save", { detail: { ...this.selection, label: this._label.trim() } }));
    this._label = "";
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
    const length = selection.end - selection.start;
    const bytes = estimate(chosen, selection);
    const saved = chosen.length === 1 && chosen[0] ? clipOf(chosen[0], selection) : undefined;
    const onlyEvents = chosen.filter(
      (row) => !row.anyWindow && !row.events.some((mark) => mark.start < selection.end && mark.end > selection.start),
    );
    return html`
      <section aria-label=${localize("save.title")}>
        <div class="edges">
          ${this._edge("start", selection)}
          <div class="length">
            <b>${format.length(length)}</b>
            ${bytes === null ? nothing : html`<span>${localize("save.about", { size: format.bytes(bytes) })}</span>`}
          </div>
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
        ${this.rows.length > 1 ? this._cameras(selection) : nothing}
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
          <button class="primary" ?disabled=${this.busy || this.offline} @click=${this._save}>
            ${icon(mdiDownload)}
            ${localize(saved ? "save.again" : "save.save", { length: format.length(length) })}
            ${chosen.length > 1 ? html`<span>× ${format.count(chosen.length)}</span>` : nothing}
          </button>
        </div>
        ${onlyEvents.map(
          (row) => html`<p class="hint">${localize("save.only_events", { camera: row.name })}</p>`,
        )}
      </section>
    `;
  }

  private _edge(edge: Edge, selection: Selection): TemplateResult {
    const { localize, format } = this;
    const isWrong = this._wrong === edge;
    const name = localize(edge === "start" ? "save.start" : "save.end");
    const nudge = (by: number, path: string): TemplateResult => {
      const label = localize(by < 0 ? "save.earlier" : "save.later", { edge: name });
      return html`<button class="icon" aria-label=${label} title=${label} @click=${() => this._nudge(edge, by)}>
        ${icon(path)}
      </button>`;
    };
    return html`<div class="edge">
      ${nudge(-NUDGE, mdiMinus)}
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
      ${nudge(NUDGE, mdiPlus)}
      ${isWrong
        ? html`<span class="wrong" id=${`wrong-${edge}`} role="alert">${localize("save.wrong_time")}</span>`
        : nothing}
    </div>`;
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
      .edges,
      .edge,
      .do,
      .cameras {
        display: flex;
        align-items: center;
      }
      .edges {
        gap: 8px;
        flex-wrap: wrap;
      }
      .edge {
        position: relative;
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
        inset-inline-start: 44px;
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
      @container (max-width: 520px) {
        .edges {
          display: grid;
          grid-template-columns: 1fr auto;
          width: 100%;
          gap: 16px 8px;
        }
        .edge {
          grid-column: 1;
        }
        .edge label,
        .edge input {
          flex: 1;
          width: 100%;
        }
        .length {
          grid-area: 2 / 2;
          min-width: 76px;
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
