import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";

import type { Format } from "../format";
import { fileTime } from "../playback";
import { shared } from "../styles";
import { MINUTE, SECOND } from "../time";
import type { Clip } from "../types";
import { hasPicture, type Row } from "./model";
import { eventShot, type Pictures } from "./pictures";

/** A picture of another moment is shown if it is at most so far away. */
const REACH = MINUTE;
/** That of an event, only if it is of this moment. */
const REACH_OF_EVENT = 5 * SECOND;

/**
 * What a camera saw at a moment: a frame of a saved clip, else the cloud's picture, else that of an event.
 *
 * Where there is none the time is shown, so that it is never blank.
 */
export class ClipDownloadShot extends LitElement {
  @property({ attribute: false }) row!: Row;
  @property({ type: Number }) time = 0;
  @property({ type: Number }) now = 0;
  /** Which place on the page this is: what it asked for before is not needed any more. */
  @property() place = "";
  @property({ attribute: false }) pictures!: Pictures;
  @property({ attribute: false }) format!: Format;
  /** Changes when there is a new picture. */
  @property({ type: Number }) version = 0;

  @query("video") private _video!: HTMLVideoElement | null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.pictures.forget(this.place);
  }

  private get _clip(): Clip | undefined {
    return this.row.clips.find((mark) => mark.start <= this.time && this.time <= mark.end)?.clip;
  }

  protected override willUpdate(): void {
    const { row, time } = this;
    const clip = this._clip;
    if (clip) this.pictures.wantClip(clip.id);
    if (!clip && hasPicture(row, time, this.now)) this.pictures.want(this.place, row.entityId, time, SECOND / 2);
    else this.pictures.forget(this.place);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("time") || changed.has("row") || changed.has("version")) this._seek();
  }

  private _seek(): void {
    const clip = this._clip;
    if (!clip || !this._video) return;
    const place = Math.min(fileTime(clip, this.time), Math.max(clip.duration_s - 0.05, 0));
    if (Math.abs(this._video.currentTime - place) > 0.02) this._video.currentTime = place;
  }

  protected override render(): TemplateResult {
    const { row, time, format } = this;
    const clip = this._clip;
    const url = clip && this.pictures.clipUrl(clip.id);
    if (url) {
      return html`<video src=${url} muted playsinline preload="auto" aria-hidden="true" @loadedmetadata=${this._seek}></video>
        ${this._stamp(format.seconds(time))}`;
    }
    const shot = this.pictures.near(row.entityId, time, REACH) ?? eventShot(row, time, REACH_OF_EVENT);
    if (!shot) return html`<span class="only" aria-hidden="true">${format.seconds(time)}</span>`;
    return html`<img src=${shot.picture} alt="" draggable="false" />${this._stamp(format.seconds(shot.at))}`;
  }

  private _stamp(text: string): TemplateResult | typeof nothing {
    return html`<span class="stamp" aria-hidden="true">${text}</span>`;
  }

  static override styles = [
    shared,
    css`
      :host {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
      }
      img,
      video {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .only {
        color: var(--cd-faint);
        font-size: 18px;
        font-variant-numeric: tabular-nums;
      }
      .stamp {
        position: absolute;
        bottom: 4px;
        inset-inline-start: 4px;
        padding: 0 6px;
        border-radius: 4px;
        background: rgba(0, 0, 0, 0.65);
        color: #fff;
        font-size: 12px;
        line-height: 18px;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
}
