import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import { bar, barStyles } from "./bar";
import type { Format } from "./format";
import { icon } from "./icon";
import {
  mdiClose,
  mdiDelete,
  mdiDownload,
  mdiFullscreen,
  mdiPause,
  mdiPencil,
  mdiPin,
  mdiPinOutline,
  mdiPlay,
  mdiShareVariant,
  mdiSkipNext,
  mdiSkipPrevious,
  mdiVolumeHigh,
  mdiVolumeOff,
} from "./icons";
import type { Key, Localize } from "./localize";
import { fileTime, wallClock } from "./playback";
import type { Bringing } from "./store";
import { shared } from "./styles";
import { ms } from "./time";
import type { Clip, ClipCopy } from "./types";

/** What an arrow key moves. */
const STEP_S = 5;
const SPEEDS = [0.5, 1, 2, 4, 8];
/** A clip begins as the one before it was heard and how fast. */
const habits = { speed: 1, muted: true };

export type PlayerAction = "keep" | "label" | "share" | "bring" | "delete" | "close" | "previous" | "next";

/** The name that a clip has when it is downloaded: its file's own. */
const fileName = (clip: Clip): string => clip.path.split("/").at(-1) ?? "clip.mp4";

/** A clip that plays in place. */
export class ClipDownloadPlayer extends LitElement {
  @property({ attribute: false }) clip!: Clip;
  /** What its camera is called. */
  @property() name = "";
  /** Its label and what was seen. */
  @property() what = "";
  /** How far it is on its way home, if it is not there. */
  @property({ attribute: false }) bringing: Bringing | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Boolean }) offline = false;
  @property({ type: Boolean, attribute: "has-previous" }) hasPrevious = false;
  @property({ type: Boolean, attribute: "has-next" }) hasNext = false;

  @state() private _played = 0;
  @state() private _isPlaying = false;
  @state() private _isBroken = false;
  @state() private _speed = habits.speed;
  @state() private _isMuted = habits.muted;

  /** Whether its copy was asked for because its file could not be played. */
  private _wasBrought = false;

  @query("video") private _video!: HTMLVideoElement | null;
  @query(".play") private _play!: HTMLElement | null;

  override focus(): void {
    this._play?.focus({ preventScroll: true });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("bringing") && !this.bringing) this._isBroken = false;
    if (!changed.has("clip") || changed.get("clip")?.id === this.clip.id) return;
    this._played = 0;
    this._isBroken = false;
    this._wasBrought = false;
  }

  private _send(type: PlayerAction): void {
    this.dispatchEvent(new CustomEvent<Clip>(type, { detail: this.clip }));
  }

  protected override render(): TemplateResult {
    const { clip, format } = this;
    const start = ms(clip.start);
    const isPlayable = Boolean(clip.url) && !this._isBroken && !this.bringing;
    return html`<div class="all" @keydown=${this._key}>
      <div class="stage" @click=${this._toggle}>
        ${isPlayable
          ? html`<video
              src=${clip.url ?? nothing}
              poster=${clip.picture ?? nothing}
              .muted=${this._isMuted}
              autoplay
              playsinline
              preload="metadata"
              @loadedmetadata=${this._began}
              @timeupdate=${this._ticked}
              @play=${() => (this._isPlaying = true)}
              @pause=${() => (this._isPlaying = false)}
              @error=${this._broke}
            ></video>`
          : this.bringing || clip.away
            ? this._onItsWay(this.bringing)
            : html`<p role="alert">${this.localize("clips.not_playable")}</p>`}
      </div>
      ${this._seekBar()} ${this._controls(isPlayable)}
      <div class="about">
        <p>
          <b><bdi>${this.name}</bdi></b>
          <span class="faint">${format.date(start)}, ${format.seconds(start)} – ${format.seconds(ms(clip.end))}</span>
          <span class="faint">
            ${this.what ? html`<bdi>${this.what}</bdi> · ` : nothing}${format.bytes(clip.size_bytes)}
          </span>
          ${clip.copies?.map((copy) => html`<span class="faint copy">${this._copy(copy)}</span>`)}
        </p>
        ${this._actions()}
      </div>
    </div>`;
  }

  private _copy({ place, copied_at }: ClipCopy): string {
    if (copied_at === null) return this.localize("clips.copy_waits", { place });
    return this.localize("clips.copied_to", { place, date: this.format.date(ms(copied_at)) });
  }

  /** In place of the video, while there is only a copy of it. */
  private _onItsWay(bringing: Bringing | null): TemplateResult {
    const { clip, localize, format } = this;
    const again = html`<button class="outlined" ?disabled=${this.offline} @click=${() => this._send("bring")}>
      ${localize(bringing ? "retry" : "clips.play")}
    </button>`;
    if (!bringing) return html`<div class="coming"><p>${localize("clips.away")}</p>${again}</div>`;
    if (bringing.failure) return html`<div class="coming"><p role="alert">${bringing.failure}</p>${again}</div>`;
    const { done, size } = bringing;
    return html`<div class="coming">
      <p role="status">${localize("clips.fetching")}</p>
      ${bar(size ? done / size : null, localize("clips.fetching"))}
      <p>${localize("clips.fetching_of", { done: format.bytes(done), size: format.bytes(size ?? clip.size_bytes) })}</p>
    </div>`;
  }

  /** A file that is gone comes from its copy, if there is one. */
  private _broke(): void {
    this._isBroken = true;
    if (this._wasBrought || !this.clip.copies?.some((copy) => copy.copied_at)) return;
    this._wasBrought = true;
    this._send("bring");
  }

  /** Over the time that was filmed, gaps and all; a press in a gap goes to where the footage goes on. */
  private _seekBar(): TemplateResult {
    const { clip, format, localize } = this;
    const start = ms(clip.start);
    const length = Math.max(ms(clip.end) - start, 1);
    const now = wallClock(clip, this._played);
    const share = (time: number): string => `${((time / length) * 100).toFixed(2)}%`;
    return html`<div class="seek">
      <div class="line" aria-hidden="true">
        <div class="done" style="width: ${share(now - start)}"></div>
        ${clip.gaps.map(
          (gap) =>
            html`<i
              style="inset-inline-start: ${share(ms(gap.start) - start)}; width: ${share(ms(gap.end) - ms(gap.start))}"
            ></i>`,
        )}
        <div class="knob" style="inset-inline-start: ${share(now - start)}"></div>
      </div>
      <input
        type="range"
        min="0"
        max=${length}
        step="1000"
        aria-label=${localize("player.position")}
        aria-valuetext=${format.seconds(now)}
        .value=${String(now - start)}
        @input=${this._seek}
      />
    </div>`;
  }

  private _controls(isPlayable: boolean): TemplateResult {
    const { clip, format, localize } = this;
    const isOff = !isPlayable;
    return html`<div class="controls" role="group" aria-label=${localize("player.controls")}>
      ${this._button("clips.older", mdiSkipPrevious, () => this._send("previous"), !this.hasPrevious, "turn")}
      ${this._button(this._isPlaying ? "player.pause" : "clips.play", this._isPlaying ? mdiPause : mdiPlay, () => this._toggle(), isOff, "play")}
      ${this._button("clips.newer", mdiSkipNext, () => this._send("next"), !this.hasNext, "turn")}
      <span class="clock">
        <span><span class="hidden-text">${localize("player.filmed")} </span>${format.seconds(wallClock(clip, this._played))}</span>
        <span class="faint">
          ${format.length(this._played * 1000)} / ${format.length(clip.duration_s * 1000)}
          ${clip.gaps.length ? html` · ${localize.plural("clips.gaps", clip.gaps.length)}` : nothing}
        </span>
      </span>
      <select aria-label=${localize("player.speed")} title=${localize("player.speed")} ?disabled=${isOff} @change=${this._setSpeed}>
        ${SPEEDS.map(
          (speed) => html`<option value=${speed} ?selected=${speed === this._speed}>${format.count(speed)}×</option>`,
        )}
      </select>
      ${this._button(this._isMuted ? "player.unmute" : "player.mute", this._isMuted ? mdiVolumeOff : mdiVolumeHigh, () => this._mute(), isOff)}
      ${this._button("player.fullscreen", mdiFullscreen, () => this._fullscreen(), isOff)}
    </div>`;
  }

  private _actions(): TemplateResult {
    const { clip, localize, offline } = this;
    const url = clip.download ?? clip.url;
    const download = localize("clips.download");
    if (clip.away) return html`<div class="actions">${this._button("clips.close", mdiClose, () => this._send("close"), false)}</div>`;
    return html`<div class="actions" role="group" aria-label=${localize("clips.actions")}>
      ${this._button(clip.kept ? "clips.release" : "clips.keep", clip.kept ? mdiPin : mdiPinOutline, () => this._send("keep"), offline, clip.kept ? "on" : "")}
      ${this._button("clips.label", mdiPencil, () => this._send("label"), offline)}
      ${url
        ? html`<a class="button icon" href=${url} download=${fileName(clip)} aria-label=${download} title=${download}>${icon(mdiDownload)}</a>`
        : nothing}
      ${this._button("clips.share", mdiShareVariant, () => this._send("share"), offline)}
      ${this._button("clips.delete", mdiDelete, () => this._send("delete"), offline)}
      ${this._button("clips.close", mdiClose, () => this._send("close"), false)}
    </div>`;
  }

  private _button(key: Key, path: string, act: () => void, disabled: boolean, kind = ""): TemplateResult {
    const label = this.localize(key);
    return html`<button class="icon ${kind}" aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>
      ${icon(path)}
    </button>`;
  }

  private _began(): void {
    if (this._video) this._video.playbackRate = this._speed;
  }

  private _ticked(): void {
    this._played = Math.floor((this._video?.currentTime ?? 0) * 4) / 4;
  }

  private _toggle(): void {
    const video = this._video;
    if (!video) return;
    // A browser may refuse to play; then the button says that it is paused.
    if (video.paused) video.play().catch(() => undefined);
    else video.pause();
  }

  private _mute(): void {
    this._isMuted = habits.muted = !this._isMuted;
  }

  private _setSpeed(event: Event): void {
    this._speed = habits.speed = Number((event.target as HTMLSelectElement).value);
    if (this._video) this._video.playbackRate = this._speed;
  }

  private _seek(event: Event): void {
    const { clip } = this;
    const time = ms(clip.start) + Number((event.target as HTMLInputElement).value);
    this._goTo(fileTime(clip, time));
  }

  private _goTo(seconds: number): void {
    const video = this._video;
    if (!video) return;
    const most = Number.isFinite(video.duration) ? video.duration : this.clip.duration_s;
    video.currentTime = Math.min(Math.max(seconds, 0), most);
    this._played = video.currentTime;
  }

  private _fullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (document.fullscreenEnabled) this.requestFullscreen().catch(() => undefined);
    // An iPhone shows videos only.
    else (this._video as { webkitEnterFullscreen?: () => void } | null)?.webkitEnterFullscreen?.();
  }

  /** Space plays, arrows go five seconds, wherever in the player the focus is but where these keys mean something. */
  private _key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { localName } = event.target as HTMLElement;
    const isForward = getComputedStyle(this).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "Escape") this._send("close");
    else if (event.key === "[" && this.hasPrevious) this._send("previous");
    else if (event.key === "]" && this.hasNext) this._send("next");
    else if (localName === "select") return;
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this._goTo((this._video?.currentTime ?? 0) + (event.key === isForward ? STEP_S : -STEP_S));
    } else if (event.key === " " && localName !== "button" && localName !== "a") this._toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  static override styles = [
    shared,
    barStyles,
    css`
      :host {
        display: block;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        overflow: hidden;
        scroll-margin: 120px;
      }
      :host(:fullscreen) {
        background: var(--cd-ground);
        border-radius: 0;
      }
      :host(:fullscreen) .all {
        height: 100%;
        display: flex;
        flex-direction: column;
      }
      :host(:fullscreen) .stage {
        flex: 1;
        max-height: none;
        min-height: 0;
      }
      :host(:fullscreen) .actions {
        display: none;
      }
      .faint {
        color: var(--cd-faint);
      }
      .stage {
        display: grid;
        place-items: center;
        background: #000;
        color: #ddd;
        aspect-ratio: 16 / 9;
        max-height: 70vh;
        width: 100%;
        overflow: hidden;
      }
      .stage p {
        padding: 16px;
        text-align: center;
      }
      .coming {
        width: min(320px, 100%);
        padding: 8px;
        display: grid;
      }
      .coming p {
        margin: 0;
        padding: 8px;
        overflow-wrap: anywhere;
      }
      .coming button {
        justify-self: center;
        color: inherit;
        /* On black, whatever the theme. */
        box-shadow: inset 0 0 0 1px #888;
      }
      .copy {
        font-size: 13px;
      }
      video {
        width: 100%;
        height: 100%;
        min-height: 0;
        display: block;
      }
      .seek {
        position: relative;
        height: 44px;
        margin: 0 14px;
      }
      .line {
        position: absolute;
        inset: 19px 0;
        border-radius: 3px;
        background: color-mix(in srgb, var(--cd-text) 32%, transparent);
      }
      .done {
        height: 100%;
        border-radius: 3px;
        background: var(--cd-strong);
      }
      .line i {
        position: absolute;
        inset-block: -3px;
        min-width: 3px;
        border-radius: 2px;
        background: repeating-linear-gradient(-45deg, var(--cd-error) 0 2px, var(--cd-ground) 2px 5px);
      }
      .knob {
        position: absolute;
        top: -5px;
        width: 16px;
        height: 16px;
        margin-inline-start: -8px;
        border-radius: 8px;
        background: var(--cd-strong);
        box-shadow: 0 0 0 2px var(--cd-ground);
      }
      input[type="range"] {
        position: absolute;
        inset: 0 -8px;
        width: calc(100% + 16px);
        height: 44px;
        min-height: 0;
        padding: 0;
        border: 0;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
      .seek:focus-within:has(:focus-visible) .knob {
        outline: 2px solid var(--cd-link);
        outline-offset: 3px;
      }
      .controls,
      .actions {
        display: flex;
        align-items: center;
      }
      .controls {
        padding: 0 4px;
        margin-top: -8px;
      }
      .clock {
        flex: 1;
        min-width: 0;
        padding-inline: 8px;
        display: flex;
        flex-wrap: wrap;
        gap: 0 12px;
        font-variant-numeric: tabular-nums;
      }
      .clock > span {
        white-space: nowrap;
      }
      :host(:dir(rtl)) .turn svg {
        transform: scaleX(-1);
      }
      select {
        appearance: none;
        min-height: 44px;
        min-width: 48px;
        padding: 0 4px;
        border: 0;
        border-radius: 22px;
        background: transparent;
        text-align: center;
        cursor: pointer;
      }
      select:hover {
        background: var(--cd-soft);
      }
      option {
        background: var(--cd-ground);
        color: var(--cd-text);
      }
      .about {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 12px;
        padding-block: 4px;
        padding-inline: 14px 4px;
        border-top: 1px solid var(--cd-line);
      }
      .about p {
        flex: 1 1 240px;
        margin: 4px 0;
        display: grid;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      b {
        font-weight: 500;
      }
      .on {
        color: var(--cd-link);
      }
      @container (max-width: 600px) {
        .seek {
          margin: 0 16px;
        }
        .controls {
          flex-wrap: wrap;
          justify-content: space-between;
        }
        .clock {
          order: -1;
          flex: 1 0 100%;
          justify-content: space-between;
          padding-inline: 12px;
        }
      }
    `,
  ];
}
