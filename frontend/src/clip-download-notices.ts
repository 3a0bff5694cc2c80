import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { icon } from "./icon";
import { mdiClose } from "./icons";
import type { Localize } from "./localize";
import { shared } from "./styles";

/** What was just done and can be undone, and what went wrong. */
export class ClipDownloadNotices extends LitElement {
  @property({ attribute: false }) localize!: Localize;
  /** How many clips are about to be deleted. */
  @property({ type: Number }) doomed = 0;
  @property() notice = "";

  protected override render(): TemplateResult {
    const { localize, notice, doomed } = this;
    return html`<div class="notices">
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

  static override styles = [
    shared,
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
      .time {
        position: absolute;
        inset: auto 0 0;
        height: 3px;
        background: currentColor;
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
