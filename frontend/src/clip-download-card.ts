import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";

import { localizeFor } from "./localize";
import type { HomeAssistant } from "./types";

export interface CardConfig {
  type: string;
  title?: string;
  /** The cameras that are shown; all if there are none. */
  entities?: string[];
  show_clips?: boolean;
  show_presets?: boolean;
}

/** The entity ids of our cameras, as far as this page knows them. */
export const ourCameras = (hass: HomeAssistant): string[] =>
  Object.keys(hass.entities ?? {}).filter((entityId) => isOurCamera(hass, entityId));

export const isOurCamera = (hass: HomeAssistant, entityId: string): boolean =>
  entityId.startsWith("camera.") && hass.entities?.[entityId]?.platform === "clip_download";

/** Throw, in words for who writes it, if a card's configuration is not one. */
export const checkConfig = (config: unknown): CardConfig => {
  if (typeof config !== "object" || config === null) throw new Error("The configuration is not a mapping");
  const { entities, title } = config as { entities?: unknown; title?: unknown };
  if (title !== undefined && typeof title !== "string") throw new Error("title: expected text");
  if (
    entities !== undefined &&
    !(Array.isArray(entities) && entities.every((one) => typeof one === "string" && one.startsWith("camera.")))
  ) {
    throw new Error("entities: expected a list of cameras");
  }
  for (const key of ["show_clips", "show_presets"]) {
    const value = (config as Record<string, unknown>)[key];
    if (value !== undefined && typeof value !== "boolean") throw new Error(`${key}: expected true or false`);
  }
  return config as CardConfig;
};

/** The card for dashboards: the same as the panel, for the cameras that are chosen. */
export class ClipDownloadCard extends LitElement {
  @property({ attribute: false }) hass?: HomeAssistant;
  @state() private _config?: CardConfig;

  setConfig(config: unknown): void {
    this._config = checkConfig(config);
  }

  getCardSize(): number {
    return this._config?.show_clips === false ? 7 : 11;
  }

  getGridOptions(): Record<string, unknown> {
    return { columns: "full", min_columns: 6, rows: "auto" };
  }

  static getConfigElement(): HTMLElement {
    return document.createElement("clip-download-card-editor");
  }

  static getStubConfig(hass: HomeAssistant): Partial<CardConfig> {
    return { entities: ourCameras(hass).slice(0, 1) };
  }

  protected override render(): TemplateResult | typeof nothing {
    const config = this._config;
    if (!config || !this.hass) return nothing;
    return html`<ha-card .header=${config.title}>
      <div class="content ${config.title ? "titled" : ""}">
        <clip-download-view
          plain
          .hass=${this.hass}
          .entityIds=${config.entities ?? NONE}
          .hideClips=${config.show_clips === false}
          .hidePresets=${config.show_presets === false}
        ></clip-download-view>
      </div>
    </ha-card>`;
  }

  static override styles = css`
    :host {
      display: block;
    }
    .content {
      padding: 16px 16px 4px;
    }
    .titled {
      padding-top: 0;
    }
  `;
}

const NONE: string[] = [];

/** What the card is configured with. */
export class ClipDownloadCardEditor extends LitElement {
  @property({ attribute: false }) hass?: HomeAssistant;
  @state() private _config?: CardConfig;
  @state() private _hasForm = customElements.get("ha-form") !== undefined;

  setConfig(config: CardConfig): void {
    this._config = config;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this._hasForm) void customElements.whenDefined("ha-form").then(() => (this._hasForm = true));
  }

  private readonly _schema = [
    { name: "title", selector: { text: {} } },
    {
      name: "entities",
      selector: { entity: { multiple: true, filter: { integration: "clip_download", domain: "camera" } } },
    },
    { name: "show_presets", default: true, selector: { boolean: {} } },
    { name: "show_clips", default: true, selector: { boolean: {} } },
  ] as const;

  private readonly _label = (field: { name: "title" | "entities" | "show_clips" | "show_presets" }): string =>
    localizeFor(this.hass?.locale.language ?? "en")(`card.editor.${field.name}`);

  protected override render(): TemplateResult | typeof nothing {
    if (!this.hass || !this._config || !this._hasForm) return nothing;
    const data = { show_presets: true, show_clips: true, ...this._config };
    return html`<ha-form
      .hass=${this.hass}
      .data=${data}
      .schema=${this._schema}
      .computeLabel=${this._label}
      @value-changed=${this._changed}
    ></ha-form>`;
  }

  private _changed(event: CustomEvent<{ value: CardConfig }>): void {
    event.stopPropagation();
    const config = { ...event.detail.value };
    // What is as it would be anyway is not written down.
    if (config.show_clips) delete config.show_clips;
    if (config.show_presets) delete config.show_presets;
    if (!config.title) delete config.title;
    if (!config.entities?.length) delete config.entities;
    this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
  }
}
