import { css, html, LitElement, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";

import { localizeFor } from "./localize";
import { shared } from "./styles";
import type { HomeAssistant } from "./types";

/** The page in Home Assistant's sidebar. */
export class ClipDownloadPanel extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  @property({ type: Boolean, reflect: true }) narrow = false;
  @property({ attribute: false }) route: unknown;
  @property({ attribute: false }) panel?: { title?: string | null };

  protected override render(): TemplateResult {
    return html`
      <header>
        <ha-menu-button .hass=${this.hass} .narrow=${this.narrow}></ha-menu-button>
        <h1>${this.panel?.title ?? localizeFor(this.hass.locale.language)("name")}</h1>
      </header>
      <main><clip-download-view linked .hass=${this.hass}></clip-download-view></main>
    `;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        min-height: 100vh;
        background: var(--primary-background-color, #fafafa);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 4;
        display: flex;
        align-items: center;
        height: calc(var(--header-height, 56px) + env(safe-area-inset-top, 0px));
        padding: env(safe-area-inset-top, 0px) 12px 0;
        background: var(--app-header-background-color, var(--cd-strong));
        color: var(--app-header-text-color, #fff);
        border-bottom: var(--app-header-border-bottom, none);
      }
      h1 {
        margin: 0;
        padding-inline-start: 12px;
        font-size: 20px;
        font-weight: 400;
      }
      main {
        max-width: 1400px;
        margin: 0 auto;
        padding: 16px;
        padding-bottom: max(32px, env(safe-area-inset-bottom, 0px));
      }
      :host([narrow]) main {
        padding: 12px;
      }
    `,
  ];
}
