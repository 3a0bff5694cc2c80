import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Format } from "./format";
import { icon } from "./icon";
import { mdiClose, mdiDelete, mdiDownload, mdiFilmstrip, mdiPencil, mdiPin, mdiPinOutline } from "./icons";
import { kindName, labelName, type Localize } from "./localize";
import { shared } from "./styles";
import { ms } from "./time";
import type { Camera, Clip } from "./types";

/** The name that a clip has when it is downloaded: its file's own. */
const fileName = (clip: Clip): string => clip.path.split("/").at(-1) ?? "clip.mp4";

/** The saved clips of a day as pictures; one of them plays in place. */
export class ClipDownloadClips extends LitElement {
  @property({ attribute: false }) clips: readonly Clip[] = [];
  @property({ attribute: false }) cameras: Camera[] = [];
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Boolean }) loading = false;
  @property({ type: Boolean, attribute: "has-more" }) hasMore = false;
  @property({ type: Boolean }) offline = false;

  @state() private _openId: string | null = null;
  @state() private _isEditing = false;
  @state() private _played = 0;
  @state() private _isBroken = false;

  @query("video") private _video!: HTMLVideoElement | null;
  @query(".player") private _player!: HTMLElement | null;

  /** Play a clip in place. */
  open(clipId: string): void {
    this._openId = clipId;
    this._isEditing = false;
    this._isBroken = false;
    this._played = 0;
    void this.updateComplete.then(() => {
      this._player?.scrollIntoView({ block: "nearest", behavior: "smooth" });
      this._video?.focus({ preventScroll: true });
    });
  }

  close(): void {
    const clipId = this._openId;
    this._openId = null;
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>(`button[data-clip="${CSS.escape(clipId ?? "")}"]`)?.focus();
    });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isGone = this._openId !== null && !this.clips.some((clip) => clip.id === this._openId);
    if (changed.has("clips") && isGone && !this.loading) this._openId = null;
  }

  private _send(type: "keep" | "label" | "delete", detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  private _name(clip: Clip): string {
    return this.cameras.find((one) => one.entity_id === clip.entity_id)?.name ?? clip.camera;
  }

  protected override render(): TemplateResult {
    const { localize, clips } = this;
    return html`
      <h2>
        ${localize("clips.title")}
        ${clips.length ? html`<span class="count">${this.format.count(clips.length)}${this.hasMore ? "+" : ""}</span>` : nothing}
      </h2>
      ${clips.length
        ? html`<ul>
            ${repeat(
              clips,
              (clip) => clip.id,
              (clip) => html`<li>${this._card(clip)}</li>
                ${clip.id === this._openId ? this._open(clip) : nothing}`,
            )}
          </ul>`
        : this._empty()}
      ${this.hasMore
        ? html`<button
            class="outlined more"
            ?disabled=${this.loading}
            @click=${() => this.dispatchEvent(new CustomEvent("more"))}
          >
            ${localize("clips.more")}
          </button>`
        : nothing}
    `;
  }

  private _empty(): TemplateResult {
    if (this.loading) {
      return html`<ul aria-busy="true" aria-label=${this.localize("loading")}>
        ${[0, 1, 2, 3].map(() => html`<li class="bones" aria-hidden="true"></li>`)}
      </ul>`;
    }
    return html`<p class="empty">${icon(mdiFilmstrip)} ${this.localize("clips.empty")}</p>`;
  }

  private _card(clip: Clip): TemplateResult {
    const { localize, format } = this;
    const start = ms(clip.start);
    const isOpen = clip.id === this._openId;
    const length = format.length(clip.duration_s * 1000);
    return html`<button
      class="card ${isOpen ? "open" : ""}"
      data-clip=${clip.id}
      aria-expanded=${isOpen}
      @click=${() => (isOpen ? this.close() : this.open(clip.id))}
    >
      <span class="hidden-text">${localize("clips.play")}</span>
      <span class="picture">
        ${clip.picture
          ? html`<img src=${clip.picture} alt="" loading="lazy" decoding="async" @error=${this._noPicture} />`
          : icon(mdiFilmstrip)}
        <span class="badge length">${length}</span>
        ${clip.kept ? html`<span class="badge pin">${icon(mdiPin, "small")}<span class="hidden-text">${localize("clips.kept")}</span></span>` : nothing}
        ${clip.status === "partial" ? html`<span class="badge partial">${localize("clips.partial")}</span>` : nothing}
      </span>
      <span class="text">
        <span><b>${format.seconds(start)}</b> <bdi>${this._name(clip)}</bdi></span>
        <span class="faint"><bdi>${this._what(clip)}</bdi></span>
      </span>
    </button>`;
  }

  /** Its label and what was seen, in a line. */
  private _what(clip: Clip): string {
    const kinds = [...clip.kinds, ...clip.seen].map((kind) => kindName(this.localize, kind));
    return [...new Set([labelName(this.localize, clip.label), ...kinds])].filter(Boolean).join(" · ");
  }

  private _noPicture(event: Event): void {
    (event.target as HTMLElement).remove();
  }

  private _open(clip: Clip): TemplateResult {
    const { localize, format } = this;
    const start = ms(clip.start);
    const what = `${this._name(clip)}, ${format.seconds(start)}`;
    const pin = localize(clip.kept ? "clips.release" : "clips.keep");
    return html`<li class="player" aria-label=${what} @keydown=${this._playerKey}>
      <div class="stage">
        ${clip.url && !this._isBroken
          ? html`<video
              src=${clip.url}
              poster=${clip.picture ?? nothing}
              aria-label=${what}
              controls
              autoplay
              muted
              playsinline
              preload="metadata"
              @timeupdate=${this._ticked}
              @error=${() => (this._isBroken = true)}
            ></video>`
          : html`<p class="empty" role="alert">${localize("clips.not_playable")}</p>`}
      </div>
      ${this._marks(clip)}
      <div class="about">
        <p>
          <b dir="auto">${this._name(clip)}</b>
          <span class="faint">${format.date(start)}, ${format.seconds(start)} – ${format.seconds(ms(clip.end))}</span>
          ${this._isEditing ? this._edit(clip) : html`<span class="faint"><bdi>${this._what(clip)}</bdi> ${format.bytes(clip.size_bytes)}</span>`}
        </p>
        <div class="actions">
          <button
            class="icon"
            aria-label=${pin}
            title=${pin}
            aria-pressed=${clip.kept}
            ?disabled=${this.offline}
            @click=${() => this._send("keep", { clip, kept: !clip.kept })}
          >
            ${icon(clip.kept ? mdiPin : mdiPinOutline)}
          </button>
          ${this._action("clips.label", mdiPencil, () => (this._isEditing = !this._isEditing), this.offline)}
          ${clip.url
            ? html`<a
                class="button icon"
                href=${clip.url}
                download=${fileName(clip)}
                aria-label=${localize("clips.download")}
                title=${localize("clips.download")}
                >${icon(mdiDownload)}</a
              >`
            : nothing}
          ${this._action("clips.delete", mdiDelete, () => this._delete(clip), this.offline)}
          ${this._action("clips.close", mdiClose, () => this.close(), false)}
        </div>
      </div>
    </li>`;
  }

  private _action(
    key: "clips.label" | "clips.delete" | "clips.close",
    path: string,
    act: () => void,
    disabled: boolean,
  ): TemplateResult {
    const label = this.localize(key);
    return html`<button class="icon" aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>
      ${icon(path)}
    </button>`;
  }

  /** Where in the clip footage is missing, and what the clock showed then. */
  private _marks(clip: Clip): TemplateResult {
    const start = ms(clip.start);
    const length = ms(clip.end) - start;
    const share = (time: number): string => `${((time / length) * 100).toFixed(2)}%`;
    return html`<div class="marks">
      <div class="line" aria-hidden="true">
        ${clip.gaps.map(
          (gap) =>
            html`<i
              style="inset-inline-start: ${share(ms(gap.start) - start)}; width: ${share(ms(gap.end) - ms(gap.start))}"
            ></i>`,
        )}
      </div>
      <span>${this.format.seconds(this._wallClock(clip))}</span>
      ${clip.gaps.length ? html`<span>${this.localize.plural("clips.gaps", clip.gaps.length)}</span>` : nothing}
    </div>`;
  }

  /** The time of the frame that is shown: gaps take no time in the file. */
  private _wallClock(clip: Clip): number {
    let time = ms(clip.start) + this._played * 1000;
    for (const gap of clip.gaps) {
      if (ms(gap.start) <= time) time += ms(gap.end) - ms(gap.start);
    }
    return Math.min(time, ms(clip.end));
  }

  private _ticked(event: Event): void {
    this._played = Math.floor((event.target as HTMLVideoElement).currentTime);
  }

  private _edit(clip: Clip): TemplateResult {
    return html`<input
      type="text"
      maxlength="100"
      aria-label=${this.localize("clips.label")}
      .value=${clip.label}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === "Enter") this._setLabel(clip, event.target as HTMLInputElement);
        if (event.key === "Escape") this._isEditing = false;
        event.stopPropagation();
      }}
      @change=${(event: Event) => this._setLabel(clip, event.target as HTMLInputElement)}
    />`;
  }

  private _setLabel(clip: Clip, input: HTMLInputElement): void {
    if (!this._isEditing) return;
    this._isEditing = false;
    const label = input.value.trim();
    if (label !== clip.label) this._send("label", { clip, label });
  }

  private _delete(clip: Clip): void {
    this._openId = null;
    this._send("delete", clip);
  }

  /** Space plays, arrows go 5 s, wherever in the player the focus is but on what has these keys itself. */
  private _playerKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.close();
      event.preventDefault();
      return;
    }
    const video = this._video;
    const target = event.target as HTMLElement;
    if (!video || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      video.currentTime += event.key === "ArrowRight" ? 5 : -5;
    } else if (event.key === " " && target === video) {
      if (video.paused) void video.play();
      else video.pause();
    } else return;
    event.preventDefault();
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      h2 {
        display: flex;
        gap: 8px;
        align-items: baseline;
      }
      .count,
      .faint {
        color: var(--cd-faint);
        font-weight: 400;
      }
      .count {
        font-size: 14px;
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
      .card {
        display: block;
        width: 100%;
        padding: 0;
        border-radius: var(--cd-radius);
        text-align: start;
        font-weight: 400;
        content-visibility: auto;
        contain-intrinsic-size: auto 160px;
      }
      .card.open {
        background: var(--cd-soft);
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
      }
      .picture img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
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
      .badge.pin {
        top: 6px;
        inset-inline-end: 6px;
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
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        margin: 0;
        padding: 32px 16px;
        color: var(--cd-faint);
        text-align: center;
      }
      .more {
        display: flex;
        margin: 16px auto 0;
      }
      .player {
        grid-column: 1 / -1;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        overflow: hidden;
        scroll-margin: 72px;
      }
      .stage {
        display: grid;
        place-items: center;
        background: #000;
        color: #fff;
        aspect-ratio: 16 / 9;
        max-height: 70vh;
        width: 100%;
      }
      .stage .empty {
        color: #ddd;
      }
      video {
        width: 100%;
        height: 100%;
        max-height: 70vh;
        display: block;
      }
      .marks {
        display: flex;
        gap: 12px;
        align-items: center;
        padding: 6px 12px 0;
        font-size: 12px;
        line-height: 16px;
        font-variant-numeric: tabular-nums;
        color: var(--cd-faint);
      }
      .line {
        position: relative;
        flex: 1;
        height: 6px;
        border-radius: 3px;
        background: var(--cd-strong);
        overflow: hidden;
      }
      .line i {
        position: absolute;
        inset-block: 0;
        min-width: 2px;
        background: var(--cd-ground);
      }
      .about {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 12px;
        padding: 4px 4px 4px 12px;
      }
      .about p {
        flex: 1 1 220px;
        margin: 4px 0;
        display: grid;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
      }
      [aria-pressed="true"] {
        color: var(--cd-link);
      }
    `,
  ];
}
