import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";

import type { Format } from "./format";
import { icon } from "./icon";
import { mdiCalendarToday, mdiCctv, mdiChevronLeft, mdiChevronRight } from "./icons";
import type { Localize } from "./localize";
import { chipStyles, shared } from "./styles";
import { type Day, dayAt, dayById } from "./time";
import type { Camera } from "./types";

/** Which cameras and which day are shown. */
export class ClipDownloadHead extends LitElement {
  /** The cameras that can be chosen. */
  @property({ attribute: false }) cameras: Camera[] = [];
  /** The ids of those that are. */
  @property({ attribute: false }) shown: string[] = [];
  @property({ attribute: false }) day!: Day;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  /** The cameras are given, so that a single one need not be chosen. */
  @property({ type: Boolean }) fixed = false;

  @query("input[type=date]") private _dateInput!: HTMLInputElement | null;

  protected override render(): TemplateResult {
    const { localize, cameras } = this;
    return html`
      ${cameras.length > 1 || !this.fixed
        ? html`<div class="chips" role="group" aria-label=${localize("cameras")}>
            ${cameras.map((camera) => this._chip(camera, this.shown.includes(camera.entity_id)))}
          </div>`
        : nothing}
      ${this._dayPicker()}
    `;
  }

  private _chip(camera: Camera, isShown: boolean): TemplateResult {
    const status = this.localize(`camera.${camera.status}`);
    return html`<button
      class="chip ${isShown ? "on" : ""}"
      aria-pressed=${isShown}
      title="${camera.name}: ${camera.reason ?? status}"
      @click=${() => this.dispatchEvent(new CustomEvent("camera-toggled", { detail: camera.entity_id }))}
    >
      <span class="face">
        ${icon(mdiCctv, "small")}
        ${camera.picture
          ? html`<img src=${camera.picture} alt="" @error=${(event: Event) => (event.target as HTMLElement).remove()} />`
          : nothing}
      </span>
      <span class="name" dir="auto">${camera.name}</span>
      <span class="dot ${camera.status}"></span>
      ${camera.status === "ok" ? nothing : html`<span class="hidden-text">${status}</span>`}
    </button>`;
  }

  private _dayPicker(): TemplateResult {
    const { localize, format, day } = this;
    const today = dayAt(this.now, format.zone);
    const isToday = day.id >= today.id;
    const label = `${localize("day.pick")}: ${format.date(day.start)}`;
    return html`<div class="day" role="group" aria-label=${localize("day.label")}>
      <button
        class="icon turn"
        aria-label=${localize("day.previous")}
        title=${localize("day.previous")}
        @click=${() => this._moveDay(-1)}
      >
        ${icon(mdiChevronLeft)}
      </button>
      <span class="date">
        <button aria-label=${label} @click=${this._pickDay}>${format.date(day.start)}</button>
        <input
          type="date"
          tabindex="-1"
          aria-hidden="true"
          .value=${day.id}
          max=${today.id}
          @change=${this._dayPicked}
        />
      </span>
      <button
        class="icon turn"
        aria-label=${localize("day.next")}
        title=${localize("day.next")}
        ?disabled=${isToday}
        @click=${() => this._moveDay(1)}
      >
        ${icon(mdiChevronRight)}
      </button>
      <button class="outlined today" ?disabled=${isToday} @click=${() => this._show(today)}>
        ${icon(mdiCalendarToday, "small")} ${localize("day.today")}
      </button>
    </div>`;
  }

  private _show(day: Day): void {
    this.dispatchEvent(new CustomEvent("day-changed", { detail: day }));
  }

  private _moveDay(days: number): void {
    this._show(dayAt(this.day.start, this.format.zone, days));
  }

  private _pickDay(): void {
    try {
      this._dateInput?.showPicker();
    } catch {
      // Without a picker there are still the buttons beside it.
    }
  }

  private _dayPicked(event: Event): void {
    const { value } = event.target as HTMLInputElement;
    if (/^\d{4}-\d\d-\d\d$/.test(value)) this._show(dayById(value, this.format.zone));
  }

  static override styles = [
    shared,
    chipStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 8px 16px;
      }
      .chip {
        padding: 0 12px 0 6px;
        padding-inline: 6px 12px;
        max-width: 220px;
        background: var(--cd-ground);
        color: var(--cd-faint);
      }
      .chip.on {
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
        color: var(--cd-text);
      }
      .face {
        position: relative;
        display: grid;
        place-items: center;
        flex: none;
        width: 32px;
        height: 32px;
        border-radius: 16px;
        overflow: hidden;
        background: var(--cd-soft);
      }
      .face img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .chip .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .dot {
        flex: none;
        width: 8px;
        height: 8px;
        border-radius: 4px;
        background: var(--success-color, #43a047);
      }
      .dot.signed_out {
        background: var(--warning-color, #ffa600);
      }
      .dot.unavailable {
        background: var(--error-color, #db4437);
      }
      .day {
        display: flex;
        align-items: center;
        margin-inline-start: auto;
      }
      .date {
        position: relative;
      }
      .date button {
        width: 100%;
        min-width: 148px;
        padding: 0 8px;
        white-space: nowrap;
      }
      .date input {
        position: absolute;
        inset: auto 0 0;
        width: 100%;
        min-height: 0;
        height: 1px;
        padding: 0;
        border: 0;
        opacity: 0;
        pointer-events: none;
      }
      .today {
        margin-inline-start: 8px;
      }
      :host(:dir(rtl)) .turn svg {
        transform: scaleX(-1);
      }
      @container (max-width: 600px) {
        .day {
          margin: 0;
          width: 100%;
          justify-content: space-between;
        }
        .date {
          flex: 1;
          min-width: 0;
        }
        .chip {
          flex: none;
          max-width: 180px;
        }
      }
    `,
  ];
}
