import { css, html, LitElement, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";

import { icon } from "./icon";
import { mdiClose } from "./icons";
import { layerClosed, layerGone, layerOpened } from "./layers";
import type { Localize } from "./localize";
import { shared } from "./styles";

/** A dialog over the page: it holds the focus, and closes by Escape, back, a press beside it, and its cross. */
export class ClipDownloadDialog extends LitElement {
  @property() heading = "";
  @property({ attribute: false }) localize!: Localize;

  @query("dialog") private _dialog!: HTMLDialogElement;

  private readonly _back = (): void => void this.dispatchEvent(new CustomEvent("closed"));

  protected override firstUpdated(): void {
    this._dialog.showModal();
    layerOpened(this._back);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    layerGone(this._back);
  }

  /** Close it as its cross does. */
  close(): void {
    layerClosed(this._back);
    this._back();
  }

  private _cancelled(event: Event): void {
    event.preventDefault();
    this.close();
  }

  private _pressed(event: MouseEvent): void {
    if (event.target === this._dialog) this.close();
  }

  protected override render(): TemplateResult {
    const close = this.localize("close");
    return html`<dialog
      aria-labelledby="heading"
      @cancel=${this._cancelled}
      @mousedown=${this._pressed}
      @keydown=${(event: Event) => event.stopPropagation()}
    >
      <header>
        <h2 id="heading">${this.heading}</h2>
        <button class="icon" aria-label=${close} title=${close} @click=${() => this.close()}>${icon(mdiClose)}</button>
      </header>
      <div class="content"><slot></slot></div>
    </dialog>`;
  }

  static override styles = [
    shared,
    css`
      dialog {
        width: min(520px, 100vw - 32px);
        max-height: min(720px, 100dvh - 32px);
        padding: 0;
        border: 0;
        border-radius: var(--ha-card-border-radius, 12px);
        background: var(--cd-ground);
        color: var(--cd-text);
        box-shadow: 0 12px 40px rgba(0, 0, 0, 0.4);
        overflow: auto;
        overscroll-behavior: contain;
      }
      dialog::backdrop {
        background: rgba(0, 0, 0, 0.5);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
        padding-block: 8px;
        padding-inline: 20px 8px;
        background: var(--cd-ground);
      }
      h2 {
        font-size: 18px;
        overflow-wrap: anywhere;
      }
      .content {
        padding: 0 20px 20px;
      }
    `,
  ];
}
