import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { ClipDownloadPlayer, PlayerAction } from "./clip-download-player";
import type { Format } from "./format";
import { icon } from "./icon";
import {
  mdiCheckboxBlankCircleOutline,
  mdiCheckboxMultipleMarkedOutline,
  mdiCheckCircle,
  mdiClose,
  mdiCloudCheckOutline,
  mdiCloudOutline,
  mdiDelete,
  mdiFilmstrip,
  mdiFolderZipOutline,
  mdiLinkVariant,
  mdiPencil,
  mdiPin,
  mdiPinOutline,
  mdiSelectAll,
} from "./icons";
import { layerClosed, layerGone, layerOpened } from "./layers";
import { type Key, kindName, labelName, type Localize } from "./localize";
import { type Bringing, type ClipFilter, NO_FILTER } from "./store";
import { shared } from "./styles";
import { dayAt, ms } from "./time";
import type { Camera, Clip, ClipFilters } from "./types";

/** How long a finger rests on a clip to select it, and how far it may move meanwhile. */
const LONG_PRESS_MS = 500;
const LONG_PRESS_PX = 10;
/** As many as the back end packs at once. */
const MOST_PACKED = 200;

interface Day {
  id: string;
  clips: Clip[];
}

/** The saved clips as pictures, by day; one of them plays in place, and many can be selected. */
export class ClipDownloadClips extends LitElement {
  @property({ attribute: false }) clips: readonly Clip[] = [];
  @property({ attribute: false }) cameras: Camera[] = [];
  /** The ids of the cameras that are shown. */
  @property({ attribute: false }) shown: string[] = [];
  @property({ attribute: false }) filter: ClipFilter = NO_FILTER;
  @property({ attribute: false }) filters: ClipFilters = { labels: [], kinds: [], seen: [] };
  /** The clip that plays. */
  @property({ attribute: false }) opened: Clip | null = null;
  /** How far it is on its way home, if it is not there. */
  @property({ attribute: false }) bringing: Bringing | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Boolean }) loading = false;
  @property({ type: Boolean, attribute: "has-more" }) hasMore = false;
  @property({ type: Boolean }) offline = false;

  @state() private _selected: ReadonlySet<string> = new Set();
  @state() private _isSelecting = false;

  @query("clip-download-player") private _player!: ClipDownloadPlayer | null;

  /** Where a range that is selected with Shift begins. */
  private _anchor: string | null = null;
  private _press: { x: number; y: number; timer: number } | null = null;
  /** The click that follows a long press does nothing more. */
  private _ignoresClick = false;
  private readonly _back = (): void => this._stopSelecting();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    layerGone(this._back);
    this._release();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("clips") || !this._selected.size) return;
    const left = this.clips.filter((clip) => this._selected.has(clip.id)).map((clip) => clip.id);
    if (left.length !== this._selected.size) this._selected = new Set(left);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("opened")) return;
    const old = changed.get("opened");
    if (this.opened && old?.id !== this.opened.id) {
      const player = this._player;
      // Before it is drawn it has no height.
      void player?.updateComplete.then(() => {
        player.scrollIntoView({ block: "nearest", behavior: "smooth" });
        player.focus();
      });
    } else if (old && !this.opened) this._focusCard(old.id);
  }

  private _send(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  private _name(clip: Clip): string {
    return this.cameras.find((one) => one.entity_id === clip.entity_id)?.name ?? clip.camera;
  }

  /** Nothing can be done with what is off-site only, but to play it. */
  private get _atHome(): Clip[] {
    return this.clips.filter((clip) => !clip.away);
  }

  private get _chosen(): Clip[] {
    return this.clips.filter((clip) => this._selected.has(clip.id));
  }

  /** Only a list of more than one day needs to say which day it is. */
  private get _days(): Day[] {
    if (!this.filter.allDays) return [{ id: "", clips: [...this.clips] }];
    const days: Day[] = [];
    for (const clip of this.clips) {
      const { id } = dayAt(ms(clip.start), this.format.zone);
      const last = days.at(-1);
      if (last?.id === id) last.clips.push(clip);
      else days.push({ id, clips: [clip] });
    }
    return days;
  }

  // --- what is shown

  protected override render(): TemplateResult {
    const { opened } = this;
    const isElsewhere = opened !== null && !this.clips.some((clip) => clip.id === opened.id);
    return html`
      ${this._isSelecting ? this._bar() : this._heading()}
      <clip-download-filters
        .filter=${this.filter}
        .filters=${this.filters}
        .cameras=${this.cameras.filter((camera) => this.shown.includes(camera.entity_id))}
        .localize=${this.localize}
        @filter-changed=${(event: CustomEvent<ClipFilter>) => this._send("filter-changed", event.detail)}
      ></clip-download-filters>
      ${isElsewhere ? html`<div class="alone">${this._playerOf(opened)}</div>` : nothing}
      ${this.clips.length ? this._grid() : this._empty()}
      ${this.hasMore
        ? html`<button class="outlined more" ?disabled=${this.loading} @click=${() => this._send("more")}>
            ${this.localize("clips.more")}
          </button>`
        : nothing}
    `;
  }

  private _heading(): TemplateResult {
    const { localize, clips } = this;
    return html`<div class="bar">
      <h2>
        ${localize("clips.title")}
        ${clips.length
          ? html`<span class="count">${this.format.count(clips.length)}${this.hasMore ? "+" : ""}</span>`
          : nothing}
      </h2>
      ${this._action("clips.select", mdiCheckboxMultipleMarkedOutline, () => this._select(), !clips.length)}
      ${this._action("share.links", mdiLinkVariant, () => this._send("links"), this.offline)}
    </div>`;
  }

  /** What can be done with all that is selected. */
  private _bar(): TemplateResult {
    const { localize, offline } = this;
    const chosen = this._chosen;
    const isNone = !chosen.length || offline;
    const areKept = chosen.length > 0 && chosen.every((clip) => clip.kept);
    const isAll = chosen.length === this._atHome.length;
    return html`<div class="bar selecting" role="toolbar" aria-label=${localize("clips.actions")}>
      ${this._action("clips.stop_selecting", mdiClose, () => this._stop(), false)}
      <h2>
        <span class="words" role="status">${localize.plural("clips.selected", chosen.length)}</span>
        <span class="number" aria-hidden="true">${this.format.count(chosen.length)}</span>
      </h2>
      ${this._action(isAll ? "clips.select_none" : "clips.select_all", mdiSelectAll, () => this._all(!isAll), false)}
      ${this._action(areKept ? "clips.release" : "clips.keep", areKept ? mdiPin : mdiPinOutline, () => this._do("keep", { clips: chosen, kept: !areKept }), isNone)}
      ${this._action("clips.label", mdiPencil, () => this._send("label", chosen), isNone)}
      ${this._action("clips.export", mdiFolderZipOutline, () => this._do("export", chosen), isNone || chosen.length > MOST_PACKED)}
      ${this._action("clips.delete", mdiDelete, () => this._do("delete", chosen), isNone)}
    </div>`;
  }

  private _action(key: Key, path: string, act: () => void, disabled: boolean): TemplateResult {
    const label = this.localize(key);
    return html`<button class="icon" aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>
      ${icon(path)}
    </button>`;
  }

  private _grid(): TemplateResult {
    return html`<p id="help" class="hidden-text">${this.localize("clips.help")}</p>
      <div class="days" aria-busy=${this.loading} @keydown=${this._key}>
        ${repeat(
          this._days,
          (day) => day.id,
          (day) =>
            html`${day.id && day.clips[0] ? html`<h3>${this.format.date(ms(day.clips[0].start))}</h3>` : nothing}
              <ul aria-describedby="help">
                ${repeat(
                  day.clips,
                  (clip) => clip.id,
                  (clip) => html`<li>${this._card(clip)}</li>
                    ${clip.id === this.opened?.id ? html`<li class="wide">${this._playerOf(clip)}</li>` : nothing}`,
                )}
              </ul>`,
        )}
      </div>`;
  }

  private _empty(): TemplateResult {
    const { localize } = this;
    if (this.loading) {
      return html`<ul aria-busy="true" aria-label=${localize("loading")}>
        ${[0, 1, 2, 3].map(() => html`<li class="bones" aria-hidden="true"></li>`)}
      </ul>`;
    }
    const { allDays, ...rest } = this.filter;
    const isFiltered = Object.values(rest).some(Boolean);
    return html`<div class="empty">
      ${icon(mdiFilmstrip)}
      <p>${localize(isFiltered ? "clips.none_found" : allDays ? "clips.none" : "clips.empty")}</p>
      ${isFiltered
        ? html`<button class="outlined" @click=${() => this._send("filter-changed", NO_FILTER)}>${localize("filter.clear")}</button>`
        : nothing}
    </div>`;
  }

  private _card(clip: Clip): TemplateResult {
    const { localize, format } = this;
    const start = ms(clip.start);
    const isOpen = clip.id === this.opened?.id;
    const isSelected = this._selected.has(clip.id);
    const what = `${this._name(clip)}, ${format.seconds(start)}`;
    return html`<button
        class="card ${isOpen ? "open" : ""} ${isSelected ? "selected" : ""}"
        data-clip=${clip.id}
        aria-expanded=${this._isSelecting ? nothing : isOpen}
        aria-pressed=${this._isSelecting ? isSelected : nothing}
        @click=${(event: MouseEvent) => this._clicked(event, clip)}
        @pointerdown=${(event: PointerEvent) => this._pressed(event, clip)}
        @pointermove=${this._moved}
        @pointerup=${this._release}
        @pointercancel=${this._release}
        @contextmenu=${this._menu}
      >
        <span class="hidden-text">${localize(this._isSelecting ? "clips.select" : "clips.play")}</span>
        <span class="picture">
          ${clip.picture
            ? html`<img src=${clip.picture} alt="" loading="lazy" decoding="async" draggable="false" @error=${this._noPicture} />`
            : icon(mdiFilmstrip)}
          <span class="badge length">${format.length(clip.duration_s * 1000)}</span>
          <span class="marks">
            ${clip.away
              ? this._mark(mdiCloudOutline, "clips.away")
              : clip.copies?.some((copy) => copy.copied_at)
                ? this._mark(mdiCloudCheckOutline, "clips.copied")
                : nothing}
            ${clip.kept ? this._mark(mdiPin, "clips.kept") : nothing}
          </span>
          ${clip.status === "partial" ? html`<span class="badge partial">${localize("clips.partial")}</span>` : nothing}
        </span>
        <span class="text">
          <span><b>${format.seconds(start)}</b> <bdi>${this._name(clip)}</bdi></span>
          <span class="faint"><bdi>${this._what(clip)}</bdi></span>
        </span>
      </button>
      ${clip.away ? nothing : this._check(clip, isSelected, what)}`;
  }

  private _check(clip: Clip, isSelected: boolean, what: string): TemplateResult {
    return html`<button
        class="check icon ${this._isSelecting ? "shown" : ""}"
        role="checkbox"
        tabindex=${this._isSelecting ? "-1" : "0"}
        aria-checked=${isSelected}
        aria-label="${this.localize("clips.select")}: ${what}"
        @click=${(event: MouseEvent) => this._choose(clip, event.shiftKey)}
      >
        ${icon(isSelected ? mdiCheckCircle : mdiCheckboxBlankCircleOutline)}
      </button>`;
  }

  private _mark(path: string, key: Key): TemplateResult {
    const label = this.localize(key);
    return html`<span class="badge mark" title=${label}>${icon(path, "small")}<span class="hidden-text">${label}</span></span>`;
  }

  /** Its label and what was seen, in a line. */
  private _what(clip: Clip): string {
    const kinds = [...clip.kinds, ...clip.seen].map((kind) => kindName(this.localize, kind));
    return [...new Set([labelName(this.localize, clip.label), ...kinds])].filter(Boolean).join(" · ");
  }

  private _noPicture(event: Event): void {
    (event.target as HTMLElement).remove();
  }

  private _playerOf(clip: Clip): TemplateResult {
    const index = this.clips.findIndex((one) => one.id === clip.id);
    const act =
      (type: PlayerAction, detail: unknown = clip) =>
      (): void =>
        this._send(type, detail);
    return html`<clip-download-player
      .clip=${clip}
      .name=${this._name(clip)}
      .what=${this._what(clip)}
      .format=${this.format}
      .localize=${this.localize}
      .offline=${this.offline}
      .bringing=${this.bringing?.clipId === clip.id ? this.bringing : null}
      .hasPrevious=${index >= 0 && index < this.clips.length - 1}
      .hasNext=${index > 0}
      @keep=${act("keep", { clips: [clip], kept: !clip.kept })}
      @label=${act("label", [clip])}
      @share=${act("share")}
      @bring=${act("bring")}
      @delete=${act("delete", [clip])}
      @close=${act("close")}
      @previous=${() => this._open(index + 1)}
      @next=${() => this._open(index - 1)}
    ></clip-download-player>`;
  }

  private _open(index: number): void {
    const clip = this.clips[index];
    if (clip) this._send("open", clip);
  }

  // --- selecting

  private _select(): void {
    if (this._isSelecting) return;
    this._isSelecting = true;
    layerOpened(this._back);
  }

  /** Stop as its cross does. */
  private _stop(): void {
    layerClosed(this._back);
    this._stopSelecting();
  }

  private _stopSelecting(): void {
    this._isSelecting = false;
    this._selected = new Set();
    this._anchor = null;
  }

  /** Do something with all that is selected, which then is done with. */
  private _do(type: "keep" | "export" | "delete", detail: unknown): void {
    this._send(type, detail);
    if (type !== "keep") this._stop();
  }

  private _all(areSelected: boolean): void {
    this._select();
    this._selected = new Set(areSelected ? this._atHome.map((clip) => clip.id) : []);
  }

  /** Select a clip or not, or all from where the last one was chosen. */
  private _choose(clip: Clip, isRange: boolean): void {
    if (clip.away && !isRange) return;
    this._select();
    const from = this.clips.findIndex((one) => one.id === this._anchor);
    const to = this.clips.indexOf(clip);
    const selected = new Set(this._selected);
    if (isRange && from >= 0) {
      for (const one of this.clips.slice(Math.min(from, to), Math.max(from, to) + 1)) if (!one.away) selected.add(one.id);
    } else {
      if (!selected.delete(clip.id)) selected.add(clip.id);
      this._anchor = clip.id;
    }
    this._selected = selected;
  }

  private _clicked(event: MouseEvent, clip: Clip): void {
    if (this._ignoresClick) {
      this._ignoresClick = false;
      return;
    }
    if (this._isSelecting || event.shiftKey || event.ctrlKey || event.metaKey) this._choose(clip, event.shiftKey);
    else if (clip.id === this.opened?.id) this._send("close");
    else this._send("open", clip);
  }

  private _pressed(event: PointerEvent, clip: Clip): void {
    this._ignoresClick = false;
    this._release();
    if (event.pointerType !== "touch") return;
    const timer = window.setTimeout(() => {
      this._press = null;
      this._ignoresClick = true;
      this._choose(clip, false);
    }, LONG_PRESS_MS);
    this._press = { x: event.clientX, y: event.clientY, timer };
  }

  private _moved(event: PointerEvent): void {
    const press = this._press;
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > LONG_PRESS_PX) this._release();
  }

  private _release(): void {
    window.clearTimeout(this._press?.timer);
    this._press = null;
  }

  /** A long press selects; the browser's own menu would come at the same time. */
  private _menu(event: Event): void {
    if (this._press || this._ignoresClick) event.preventDefault();
  }

  // --- keys

  private _focusCard(clipId: string): void {
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>(`button[data-clip="${CSS.escape(clipId)}"]`)?.focus();
    });
  }

  private _key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.key === "Escape" && this._isSelecting) this._stop();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) this._all(true);
    else if (event.key === "Delete" && this._selected.size && !this.offline) this._do("delete", this._chosen);
    else if (target.dataset["clip"] !== undefined) {
      const index = this.clips.findIndex((clip) => clip.id === target.dataset["clip"]);
      const next = this.clips[this._neighbor(index, event.key, target)];
      const clip = this.clips[index];
      if (!next || !clip) return;
      if (event.shiftKey) {
        if (this._anchor === null) this._choose(clip, false);
        this._choose(next, true);
      }
      this._focusCard(next.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The clip that a key leads to, -1 if none. */
  private _neighbor(index: number, key: string, from: HTMLElement): number {
    const isForward = getComputedStyle(this).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (key === "ArrowRight" || key === "ArrowLeft") return key === isForward ? index + 1 : index - 1;
    if (key === "Home") return 0;
    if (key === "End") return this.clips.length - 1;
    if (key !== "ArrowDown" && key !== "ArrowUp") return -1;
    // The next row's card that is nearest to being straight below or above.
    const box = from.getBoundingClientRect();
    const cards = [...this.renderRoot.querySelectorAll<HTMLElement>("button[data-clip]")];
    const isBelow = key === "ArrowDown";
    let best = -1;
    let least = Infinity;
    cards.forEach((card, at) => {
      const other = card.getBoundingClientRect();
      const down = isBelow ? other.top - box.top : box.top - other.top;
      const distance = down * 10 + Math.abs(other.left - box.left);
      if (down > 4 && distance < least) {
        least = distance;
        best = at;
      }
    });
    return best;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .bar {
        position: sticky;
        top: var(--header-height, 0px);
        z-index: 3;
        display: flex;
        align-items: center;
        min-height: 44px;
        margin-bottom: 8px;
        background: var(--cd-ground);
        /* What scrolls below it must not show beside it. */
        box-shadow: 0 0 0 4px var(--cd-ground);
      }
      .bar h2 {
        flex: 1;
        min-width: 0;
      }
      .selecting {
        border-radius: var(--cd-radius);
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
      }
      .count,
      .faint {
        color: var(--cd-faint);
        font-weight: 400;
      }
      .count {
        font-size: 14px;
      }
      h3 {
        margin: 20px 0 0;
        font-size: 14px;
        font-weight: 500;
        color: var(--cd-faint);
      }
      .days {
        transition: opacity 0.15s;
      }
      .days[aria-busy="true"] {
        opacity: 0.6;
        transition-delay: 0.3s;
      }
      ul {
        list-style: none;
        margin: 12px 0 0;
        padding: 0;
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(200px, 45%), 1fr));
        grid-auto-flow: dense;
        gap: 12px;
      }
      li {
        position: relative;
        min-width: 0;
      }
      .wide {
        grid-column: 1 / -1;
      }
      .alone {
        margin-top: 12px;
      }
      .card {
        display: block;
        width: 100%;
        padding: 0;
        border-radius: var(--cd-radius);
        text-align: start;
        font-weight: 400;
        content-visibility: auto;
        contain-intrinsic-size: auto 160px;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
      }
      .card.open {
        background: var(--cd-soft);
      }
      .card.selected {
        background: color-mix(in srgb, var(--cd-primary) 22%, var(--cd-ground));
      }
      .selected .picture {
        transform: scale(0.92);
      }
      .picture {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-soft);
        color: var(--cd-faint);
        transition: transform 0.12s;
      }
      .picture img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .check {
        position: absolute;
        top: 0;
        inset-inline-start: 0;
        visibility: hidden;
        color: #fff;
      }
      .check:hover {
        background: none;
      }
      .check svg {
        filter: drop-shadow(0 0 2px rgba(0, 0, 0, 0.9));
      }
      .check[aria-checked="true"] svg {
        background: radial-gradient(#fff 45%, transparent 50%);
        color: var(--cd-strong);
        filter: none;
      }
      .check.shown,
      .check:focus-visible,
      li:focus-within .check {
        visibility: visible;
      }
      @media (hover: hover) {
        li:hover .check {
          visibility: visible;
        }
      }
      .badge {
        position: absolute;
        padding: 0 6px;
        border-radius: 4px;
        background: rgba(0, 0, 0, 0.72);
        color: #fff;
        font-size: 12px;
        line-height: 20px;
        font-variant-numeric: tabular-nums;
      }
      .badge.length {
        bottom: 6px;
        inset-inline-end: 6px;
      }
      .marks {
        position: absolute;
        top: 6px;
        inset-inline-end: 6px;
        display: flex;
        gap: 4px;
      }
      .mark {
        position: static;
        padding: 3px;
        display: flex;
      }
      .badge.partial {
        bottom: 6px;
        inset-inline-start: 6px;
      }
      .text {
        display: grid;
        padding: 6px 4px 8px;
        min-height: 54px;
      }
      .text span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      b {
        font-weight: 500;
        font-variant-numeric: tabular-nums;
      }
      .bones {
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        margin-bottom: 54px;
      }
      .empty {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 32px 16px;
        color: var(--cd-faint);
        text-align: center;
      }
      .empty p {
        margin: 0;
      }
      .more {
        display: flex;
        margin: 16px auto 0;
      }
      .number {
        display: none;
      }
      @container (max-width: 600px) {
        .number {
          display: inline;
        }
        .words {
          position: absolute;
          clip-path: inset(50%);
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .picture {
          transition: none;
        }
      }
    `,
  ];
}
