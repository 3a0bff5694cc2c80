import { css, html, LitElement, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";

import type { ClipDownloadDialog } from "./clip-download-dialog";
import { labelName, type Localize } from "./localize";
import { shared } from "./styles";
import type { Clip } from "./types";

/** Asks for the label of clips. */
export class ClipDownloadLabel extends LitElement {
  @property({ attribute: false }) clips: readonly Clip[] = [];
  /** Labels that are offered. */
  @property({ attribute: false }) labels: string[] = [];
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Boolean }) offline = false;

  @query("clip-download-dialog") private _dialog!: ClipDownloadDialog;
  @query("input") private _input!: HTMLInputElement;

  protected override render(): TemplateResult {
    const { localize, clips } = this;
    const common = clips.every((clip) => clip.label === clips[0]?.label) ? (clips[0]?.label ?? "") : "";
    return html`<clip-download-dialog
      heading=${localize("clips.label")}
      .localize=${localize}
      @closed=${() => this.dispatchEvent(new CustomEvent("closed"))}
    >
      <form @submit=${this._submit}>
        <p>${localize.plural("label.of", clips.length)}</p>
        <input type="text" maxlength="100" autofocus aria-label=${localize("save.label")} .value=${common} />
        <div class="offers" role="group" aria-label=${localize("label.offers")}>
          ${this.labels.slice(0, 8).map(
            (label) =>
              html`<button type="button" class="outlined" @click=${() => (this._input.value = label)}>
                <bdi>${labelName(localize, label)}</bdi>
              </button>`,
          )}
        </div>
        <div class="buttons">
          <button class="primary" ?disabled=${this.offline}>${localize("label.save")}</button>
        </div>
      </form>
    </clip-download-dialog>`;
  }

  private _submit(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent<string>("label", { detail: this._input.value.trim() }));
    this._dialog.close();
  }

  static override styles = [
    shared,
    css`
      p {
        margin: 0 0 12px;
        color: var(--cd-faint);
      }
      input {
        width: 100%;
      }
      .offers {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 12px;
      }
      .offers button {
        max-width: 100%;
        overflow: hidden;
        font-weight: 400;
      }
      .buttons {
        display: flex;
        justify-content: end;
        margin-top: 16px;
      }
    `,
  ];
}
