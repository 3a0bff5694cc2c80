import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import * as api from "./api";
import type { ClipDownloadDialog } from "./clip-download-dialog";
import type { Format } from "./format";
import { icon } from "./icon";
import { mdiContentCopy, mdiDelete, mdiShareVariant } from "./icons";
import type { Localize } from "./localize";
import { words } from "./store";
import { shared } from "./styles";
import { ms } from "./time";
import type { Clip, HomeAssistant, Share } from "./types";

const LENGTHS = [
  { hours: 1, key: "share.hour" },
  { hours: 24, key: "share.day" },
  { hours: 168, key: "share.week" },
] as const;

/** Makes a link to a clip that ends by itself, and shows those that were made. */
export class ClipDownloadShare extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  /** The clip to share; without one, the links that there are. */
  @property({ attribute: false }) clip: Clip | null = null;
  /** What its camera is called. */
  @property() name = "";
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Boolean }) offline = false;

  @state() private _hours = 24;
  @state() private _made: Share | null = null;
  @state() private _shares: Share[] | null = null;
  @state() private _failure = "";
  @state() private _isBusy = false;
  @state() private _isCopied = false;

  @query("clip-download-dialog") private _dialog!: ClipDownloadDialog;
  @query("input[readonly]") private _link!: HTMLInputElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this._try(async () => {
      this._shares = await api.fetchShares(this.hass);
    });
  }

  private async _try(act: () => Promise<void>): Promise<void> {
    this._failure = "";
    try {
      await act();
    } catch (error) {
      this._failure = words(error, this.hass);
    }
  }

  protected override render(): TemplateResult {
    const { localize, clip } = this;
    return html`<clip-download-dialog
      heading=${localize(clip ? "share.title" : "share.links")}
      .localize=${localize}
      @closed=${() => this.dispatchEvent(new CustomEvent("closed"))}
    >
      ${clip ? (this._made ? this._result(this._made) : this._form(clip)) : nothing}
      ${this._failure ? html`<p class="failure" role="alert">${this._failure}</p>` : nothing}
      ${this._list()}
    </clip-download-dialog>`;
  }

  private _form(clip: Clip): TemplateResult {
    const { localize, format } = this;
    return html`<p>
        <b><bdi>${this.name}</bdi></b>, ${format.date(ms(clip.start))}, ${format.seconds(ms(clip.start))},
        ${format.length(clip.duration_s * 1000)}
      </p>
      <p class="faint">${localize("share.help")}</p>
      <div class="lengths" role="radiogroup" aria-label=${localize("share.length")}>
        ${LENGTHS.map(
          ({ hours, key }) =>
            html`<label class=${this._hours === hours ? "on" : ""}>
              <input type="radio" name="hours" .checked=${this._hours === hours} @change=${() => (this._hours = hours)} />
              ${localize(key)}
            </label>`,
        )}
      </div>
      <div class="buttons">
        <button class="primary" ?disabled=${this._isBusy || this.offline} @click=${() => void this._make(clip)}>
          ${icon(mdiShareVariant)} ${localize("share.make")}
        </button>
      </div>`;
  }

  private _result(share: Share): TemplateResult {
    const { localize, format } = this;
    return html`<p>${localize("share.made", { time: this._when(share.expires_at) })}</p>
      <input readonly aria-label=${localize("share.link")} .value=${linkOf(share)} @focus=${() => this._link?.select()} />
      <p class="faint" role="status">${this._isCopied ? localize("share.copied") : nothing}</p>
      <div class="buttons">
        ${typeof navigator.share === "function"
          ? html`<button class="outlined" @click=${() => this._native(share, format)}>
              ${icon(mdiShareVariant)} ${localize("share.send")}
            </button>`
          : nothing}
        <button class="primary" @click=${() => void this._copy(share)}>${icon(mdiContentCopy)} ${localize("share.copy")}</button>
      </div>`;
  }

  private _list(): TemplateResult | typeof nothing {
    const { localize, clip } = this;
    const shares = this._shares;
    if (!shares) return this._failure ? nothing : html`<p class="faint">${localize("loading")}</p>`;
    if (!shares.length) return clip ? nothing : html`<p class="faint">${localize("share.none")}</p>`;
    return html`${clip ? html`<h3>${localize("share.links")}</h3>` : nothing}
      <ul>
        ${shares.map((share) => this._share(share))}
      </ul>`;
  }

  private _share(share: Share): TemplateResult {
    const { localize, format } = this;
    const what = `${share.camera}, ${format.shortDate(ms(share.start))}, ${format.seconds(ms(share.start))}`;
    return html`<li>
      <span>
        <bdi>${what}</bdi>
        <span class="faint">
          ${localize("share.ends", { time: this._when(share.expires_at) })} · ${localize.plural("share.opened", share.opened)}
          ${share.user ? html` · <bdi>${share.user}</bdi>` : nothing}
        </span>
      </span>
      <button
        class="icon"
        aria-label="${localize("share.revoke")}: ${what}"
        title=${localize("share.revoke")}
        ?disabled=${this.offline}
        @click=${() => void this._revoke(share)}
      >
        ${icon(mdiDelete)}
      </button>
    </li>`;
  }

  private _when(time: string): string {
    return `${this.format.shortDate(ms(time))}, ${this.format.time(ms(time))}`;
  }

  private async _make(clip: Clip): Promise<void> {
    this._isBusy = true;
    await this._try(async () => {
      const share = await api.createShare(this.hass, clip.id, this._hours);
      this._made = share;
      this._shares = [share, ...(this._shares ?? [])];
      await this.updateComplete;
      await this._copy(share);
    });
    this._isBusy = false;
  }

  /** Copy the link; without HTTPS there is only the old way, and where that fails the field is selected. */
  private async _copy(share: Share): Promise<void> {
    this._isCopied = false;
    const input = this._link;
    try {
      await navigator.clipboard.writeText(linkOf(share));
      this._isCopied = true;
    } catch {
      input?.focus();
      input?.select();
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      this._isCopied = input !== null && document.execCommand("copy");
    }
  }

  private _native(share: Share, format: Format): void {
    const title = `${share.camera}, ${format.date(ms(share.start))}, ${format.time(ms(share.start))}`;
    // Who closes the sheet again has not failed.
    navigator.share({ title, url: linkOf(share) }).catch(() => undefined);
  }

  private async _revoke(share: Share): Promise<void> {
    await this._try(async () => {
      await api.revokeShare(this.hass, share.id);
      this._shares = (this._shares ?? []).filter((one) => one.id !== share.id);
      if (this._made?.id === share.id) this._made = null;
    });
  }

  /** Close it as its cross does. */
  close(): void {
    this._dialog.close();
  }

  static override styles = [
    shared,
    css`
      p {
        margin: 0 0 12px;
        overflow-wrap: anywhere;
      }
      b {
        font-weight: 500;
      }
      .faint {
        color: var(--cd-faint);
        min-height: 20px;
      }
      .failure {
        color: var(--cd-error);
        margin-top: 12px;
      }
      .lengths {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 8px;
      }
      .lengths label {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 8px;
        border-radius: 22px;
        box-shadow: inset 0 0 0 1px var(--cd-line);
        cursor: pointer;
      }
      .lengths .on {
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
        box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--cd-primary) 55%, transparent);
      }
      .lengths input {
        min-height: 0;
        width: 18px;
        height: 18px;
        accent-color: var(--cd-strong);
      }
      input[readonly] {
        width: 100%;
        margin-bottom: 4px;
        text-overflow: ellipsis;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: end;
        gap: 8px;
        margin-top: 16px;
      }
      h3 {
        margin: 20px 0 0;
        font-size: 14px;
        font-weight: 500;
      }
      ul {
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 6px 0;
        border-top: 1px solid var(--cd-line);
      }
      li > span {
        flex: 1;
        min-width: 0;
        display: grid;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

/** The whole link, also if Home Assistant does not know its own address. */
const linkOf = (share: Share): string => new URL(share.url ?? share.path, location.origin).href;
