import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";

import { icon } from "./icon";
import { mdiClose, mdiMagnify, mdiMenuDown } from "./icons";
import { type Key, kindName, labelName, type Localize } from "./localize";
import { type ClipFilter, NO_FILTER } from "./store";
import { chipStyles, shared } from "./styles";
import type { Camera, ClipFilters } from "./types";

/** How long nothing is typed before it is searched for. */
const PAUSE_MS = 300;

type Choice = "camera" | "label" | "kind" | "seen";

/** Which clips are listed. */
export class ClipDownloadFilters extends LitElement {
  @property({ attribute: false }) filter: ClipFilter = NO_FILTER;
  @property({ attribute: false }) filters: ClipFilters = { labels: [], kinds: [], seen: [] };
  /** Those that are shown. */
  @property({ attribute: false }) cameras: Camera[] = [];
  @property({ attribute: false }) localize!: Localize;

  @query("input") private _input!: HTMLInputElement;

  private _timer = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearTimeout(this._timer);
  }

  private _set(more: Partial<ClipFilter>): void {
    this.dispatchEvent(new CustomEvent<ClipFilter>("filter-changed", { detail: { ...this.filter, ...more } }));
  }

  protected override render(): TemplateResult {
    const { localize, filter, filters } = this;
    const isAny = Object.keys(NO_FILTER).some((key) => filter[key as keyof ClipFilter] !== NO_FILTER[key as keyof ClipFilter]);
    const clear = localize("filter.clear");
    return html`<div class="search" role="search">
        ${icon(mdiMagnify)}
        <input
          type="search"
          enterkeyhint="search"
          placeholder=${localize("filter.search")}
          aria-label=${localize("filter.search")}
          .value=${filter.query}
          @input=${this._typed}
          @keydown=${this._key}
        />
        ${isAny
          ? html`<button class="icon" aria-label=${clear} title=${clear} @click=${this._clear}>${icon(mdiClose)}</button>`
          : nothing}
      </div>
      <div class="chips" role="group" aria-label=${localize("filter.title")}>
        ${this._toggle("filter.all_days", filter.allDays, () => this._set({ allDays: !filter.allDays }))}
        ${this.cameras.length > 1
          ? this._select("camera", "filter.any_camera", this.cameras.map((camera) => [camera.entity_id, camera.name]))
          : nothing}
        ${this._select("label", "filter.any_label", filters.labels.map((one) => [one, labelName(localize, one)]))}
        ${this._select("kind", "filter.any_event", filters.kinds.map((one) => [one, kindName(localize, one)]))}
        ${this._select("seen", "filter.any_seen", filters.seen.map((one) => [one, kindName(localize, one)]))}
        ${this._toggle("clips.kept", filter.kept, () => this._set({ kept: !filter.kept }))}
        ${this._toggle("clips.partial", filter.partial, () => this._set({ partial: !filter.partial }))}
      </div>`;
  }

  private _toggle(key: Key, isOn: boolean, act: () => void): TemplateResult {
    return html`<button class="chip ${isOn ? "on" : ""}" aria-pressed=${isOn} @click=${act}>${this.localize(key)}</button>`;
  }

  private _select(field: Choice, key: Key, choices: [string, string][]): TemplateResult {
    const isElsewhere = field === "camera" && !this.cameras.some((camera) => camera.entity_id === this.filter.camera);
    const value = isElsewhere ? "" : this.filter[field];
    // What is filtered by stays to be seen, though no clip has it any more.
    const all = !value || choices.some(([one]) => one === value) ? choices : [...choices, [value, value] as const];
    return html`<span class="chip ${value ? "on" : ""}">
      <select
        aria-label=${this.localize(key)}
        ?disabled=${!all.length}
        @change=${(event: Event) => this._set({ [field]: (event.target as HTMLSelectElement).value })}
      >
        <option value="" ?selected=${!value}>${this.localize(key)}</option>
        ${all.map(([one, name]) => html`<option value=${one} ?selected=${one === value}>${name}</option>`)}
      </select>
      ${icon(mdiMenuDown, "small")}
    </span>`;
  }

  private _typed(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._search(), PAUSE_MS);
  }

  /** A search goes over all days, unless a person wants this one. */
  private _search(): void {
    window.clearTimeout(this._timer);
    const query = this._input.value.trim();
    if (query === this.filter.query) return;
    this._set({ query, ...(query && !this.filter.query && { allDays: true }) });
  }

  private _key(event: KeyboardEvent): void {
    if (event.key === "Enter") this._search();
    if (event.key !== "Escape" || !this._input.value) return;
    this._input.value = "";
    this._search();
    event.stopPropagation();
  }

  private _clear(): void {
    window.clearTimeout(this._timer);
    this._input.value = "";
    this._set(NO_FILTER);
    this._input.focus();
  }

  static override styles = [
    shared,
    chipStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .search {
        position: relative;
        flex: 1 1 220px;
        max-width: 420px;
      }
      .search > svg {
        position: absolute;
        top: 10px;
        inset-inline-start: 12px;
        color: var(--cd-faint);
        pointer-events: none;
      }
      .search button {
        position: absolute;
        top: 0;
        inset-inline-end: 0;
      }
      input {
        width: 100%;
        padding-inline: 44px;
        border-radius: 22px;
        appearance: none;
      }
      input::-webkit-search-cancel-button {
        display: none;
      }
      .chip {
        position: relative;
        flex: none;
        display: inline-flex;
        align-items: center;
        border-radius: 22px;
        font-weight: 400;
      }
      .chip svg {
        position: absolute;
        inset-inline-end: 10px;
        pointer-events: none;
      }
      select {
        appearance: none;
        font: inherit;
        color: inherit;
        margin: 0;
        min-height: 44px;
        max-width: 160px;
        field-sizing: content;
        padding-block: 0;
        padding-inline: 14px 32px;
        border: 0;
        border-radius: 22px;
        background: transparent;
        text-overflow: ellipsis;
        cursor: pointer;
      }
      .chip:has(:disabled) {
        color: var(--disabled-text-color, #8c8c8c);
      }
      select:disabled {
        opacity: 1;
        color: inherit;
        cursor: default;
      }
      option {
        background: var(--cd-ground);
        color: var(--cd-text);
      }
      @container (max-width: 600px) {
        .search {
          flex-basis: 100%;
          max-width: none;
        }
      }
    `,
  ];
}
