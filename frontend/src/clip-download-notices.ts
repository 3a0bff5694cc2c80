import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { bar, barStyles } from "./bar";
import type { Format } from "./format";
import { icon } from "./icon";
import { mdiClose } from "./icons";
import type { Localize } from "./localize";
import type { Packing } from "./store";
import { shared } from "./styles";

/** What was just done and can be undone, and what went wrong. */
export class ClipDownloadNotices extends LitElement {
  @property({ attribute: false }) localize!: Localize;
  /** How many clips are about to be deleted. */
  @property({ type: Number }) doomed = 0;
  @property() notice = "";
  @property({ attribute: false }) packing: Packing | null = null;
  @property({ attribute: false }) format!: Format;

  /** A ZIP that is ready is downloaded, once. */
  private _downloaded: string | null = null;

  protected override updated(): void {
    const url = this.packing?.url ?? null;
    if (url === this._downloaded) return;
    this._downloaded = url;
    if (url !== null) this.renderRoot.querySelector<HTMLAnchorElement>("a[download]")?.click();
  }

  protected override render(): TemplateResult {
    const { localize, notice, doomed } = this;
    return html`<div class="notices">
      ${this.packing ? this._packing(this.packing) : nothing}
      <div role="status">
        ${doomed
          ? html`<p class="notice">
              <span>${localize.plural("clips.deleted", doomed)}</span>
              <button @click=${() => this.dispatchEvent(new CustomEvent("undo"))}>${localize("undo")}</button>
              <span class="time"></span>
            </p>`
          : nothing}
      </div>
      <div role="alert">
        ${notice
          ? html`<p class="notice">
              <span>${notice}</span>
              <button class="icon" aria-label=${localize("close")} @click=${() => this.dispatchEvent(new CustomEvent("closed"))}>
                ${icon(mdiClose)}
              </button>
            </p>`
          : nothing}
      </div>
    </div>`;
  }

  private _packing(packing: Packing): TemplateResult {
    const { localize, format } = this;
    const { done, size, url, count } = packing;
    const share = size ? Math.min(done / size, 1) : null;
    const stop = localize(url === null ? "jobs.cancel" : "close");
    const words =
      url === null
        ? `${localize.plural("export.packing", count)}${size ? ` ${localize("export.of", { done: format.bytes(done), size: format.bytes(size) })}` : ""}`
        : `${packing.name}${size ? `, ${format.bytes(size)}` : ""}`;
    return html`<div class="notice">
      <span role=${url === null ? nothing : "status"}><bdi>${words}</bdi></span>
      ${url === null ? nothing : html`<a class="button" href=${url} download=${packing.name}>${localize("clips.download")}</a>`}
      <button class="icon" aria-label=${stop} title=${stop} @click=${() => this.dispatchEvent(new CustomEvent("stop"))}>
        ${icon(mdiClose)}
      </button>
      ${url === null ? bar(share, localize("export.progress")) : nothing}
    </div>`;
  }

  static override styles = [
    shared,
    barStyles,
    css`
      .notices {
        position: fixed;
        bottom: max(16px, env(safe-area-inset-bottom));
        inset-inline: 16px;
        z-index: 10;
        display: grid;
        gap: 8px;
        justify-items: center;
        pointer-events: none;
      }
      .notice {
        position: relative;
        display: flex;
        align-items: center;
        gap: 8px;
        margin: 0;
        min-width: min(340px, 90vw);
        max-width: 560px;
        min-height: 52px;
        padding: 4px 8px 4px 16px;
        padding-inline: 16px 8px;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-text);
        color: var(--cd-ground);
        box-shadow: 0 4px 16px rgba(0, 0, 0, 0.4);
        pointer-events: auto;
      }
      .notice span:first-child {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .notice .button {
        color: inherit;
        font-weight: 700;
      }
      .notice button {
        color: inherit;
        font-weight: 700;
      }
      .notice button:hover {
        background: color-mix(in srgb, var(--cd-ground) 15%, transparent);
      }
      .notice button:focus-visible {
        outline-color: currentColor;
        outline-offset: -4px;
      }
      .bar,
      .time {
        position: absolute;
        inset: auto 0 0;
        height: 3px;
      }
      .bar div,
      .time {
        background: currentColor;
      }
      .time {
        transform-origin: left;
        animation: run-out 10s linear forwards;
      }
      :host(:dir(rtl)) .time {
        transform-origin: right;
      }
      @keyframes run-out {
        to {
          transform: scaleX(0);
        }
      }
    `,
  ];
}
