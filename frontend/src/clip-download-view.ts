import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";

import type { ClipDownloadFootage } from "./clip-download-footage";
import { type Format, formatOf } from "./format";
import { icon } from "./icon";
import { mdiAlertCircleOutline, mdiCctv, mdiCloudOffOutline } from "./icons";
import { layerClosed, layerGone, layerOpened, setAddress } from "./layers";
import { type Localize, localizeFor } from "./localize";
import { bin, type ClipFilter, Store } from "./store";
import { shared } from "./styles";
import { type Day, dayAt, dayById, ms, SECOND } from "./time";
import { isOver, makeRow, type Row } from "./timeline/model";
import type { Selection } from "./timeline/selection";
import type { BackFill, Camera, Clip, HomeAssistant, Job } from "./types";

const REMEMBERED = "clip-download-cameras";
/** So many cameras are shown before anybody chose; beside each other there is room for fewer. */
const SHOWN_AT_FIRST = 4;
const SHOWN_AT_FIRST_VERTICAL = 3;
/** Narrower than this, time goes down instead of across. */
const NARROW_PX = 600;
const NOTICE_MS = 8_000;
/** So much before and after the moment that a link is for is selected. */
const AROUND = 30 * SECOND;
const PANEL = "clip-download";
const INTEGRATION_PAGE = "/config/integrations/integration/clip_download";
const ADD_PAGE = "/config/integrations/dashboard/add?domain=clip_download";

/** All of it: cameras, day, timeline, window, jobs, clips. The panel and the card show this. */
export class ClipDownloadView extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  /** The only cameras that are offered; all if there are none. */
  @property({ attribute: false }) entityIds: string[] = [];
  @property({ type: Boolean, attribute: "hide-clips" }) hideClips = false;
  @property({ type: Boolean, attribute: "hide-presets" }) hidePresets = false;
  /** Whether the page's address says what is open, and is followed. */
  @property({ type: Boolean }) linked = false;

  @state() private _day: Day | null = null;
  @state() private _selection: Selection | null = null;
  @state() private _now = Date.now();
  @state() private _isVertical = false;
  @state() private _isSaving = false;
  @state() private _shown: string[] | null = null;
  @state() private _labelled: Clip[] | null = null;
  /** The clip whose share dialog is open, or all links. */
  @state() private _shared: Clip | "links" | null = null;

  @query("clip-download-footage") private _footage!: ClipDownloadFootage | null;

  private readonly _store = new Store(this);
  private _format!: Format;
  private _localize!: Localize;
  private _timer = 0;
  private _noticeTimer = 0;
  private _noticed = "";
  private _link: URLSearchParams | null = null;
  /** The clip that the address and the browser's history know of. */
  private _addressed: string | null = null;
  private _rowsKey: unknown[] = [];
  private _rows: Row[] = [];
  private _theme: unknown;
  private _bounds: Day | null = null;
  private _visibleKey: unknown[] = [];
  private _visible: Clip[] = [];
  private readonly _observer = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    if (width) this._isVertical = width < NARROW_PX;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this._observer.observe(this);
    this._timer = window.setInterval(() => this._tick(), SECOND);
    this._tick();
    window.addEventListener("location-changed", this._readAddress);
    window.addEventListener("popstate", this._readAddress);
    this._readAddress();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._observer.disconnect();
    window.clearInterval(this._timer);
    window.clearTimeout(this._noticeTimer);
    window.removeEventListener("location-changed", this._readAddress);
    window.removeEventListener("popstate", this._readAddress);
    layerGone(this._back);
  }

  private _tick(): void {
    const now = Date.now();
    // The line of now moves slowly; what counts down is looked at each second.
    const isCounting = this._store.jobs.some((job) => job.next_try_at !== null && !isOver(job));
    if (!isCounting && now - this._now < 10 * SECOND) return;
    // Who looks at today sees the next day when it begins.
    if (this._day && this._now < this._day.end && now >= this._day.end) this._setDay(dayAt(now, this._format.zone));
    this._now = now;
  }

  // Home Assistant hands over a new object at each change of any state: most of them change nothing here.
  protected override shouldUpdate(changed: PropertyValues<this>): boolean {
    const old: HomeAssistant | undefined = changed.get("hass");
    if (!old || changed.size > 1) return true;
    this._store.setHass(this.hass);
    return (
      old.locale !== this.hass.locale ||
      old.themes !== this.hass.themes ||
      old.config.time_zone !== this.hass.config.time_zone ||
      old.connection !== this.hass.connection
    );
  }

  protected override willUpdate(): void {
    this._format = formatOf(this.hass);
    this._localize = localizeFor(this.hass.locale.language);
    this._theme = this.hass.themes;
    this._store.setHass(this.hass);
    const { zone } = this._format;
    // After a change of the time zone the same date begins at another time.
    this._day = this._day ? dayById(this._day.id, zone) : dayAt(Date.now(), zone);
    if (this._bounds?.start !== this._day.start || this._bounds.end !== this._day.end) this._bounds = this._day;
    this._store.show(this._bounds, this._shownIds);
  }

  protected override updated(): void {
    const { notice } = this._store;
    if (notice !== this._noticed) {
      this._noticed = notice;
      window.clearTimeout(this._noticeTimer);
      if (notice) this._noticeTimer = window.setTimeout(() => this._store.tell(""), NOTICE_MS);
    }
    if (this._link && this._store.state === "ready") void this._follow(this._link);
    this._tellAddress();
  }

  // --- what is shown

  private get _offered(): Camera[] {
    const { cameras } = this._store;
    return this.entityIds.length ? cameras.filter((one) => this.entityIds.includes(one.entity_id)) : cameras;
  }

  private get _shownIds(): string[] {
    const offered = this._offered.map((camera) => camera.entity_id);
    if (this.entityIds.length && !this._shown) return offered;
    const chosen = this._shown ?? remembered();
    const shown = offered.filter((one) => chosen?.includes(one));
    return shown.length || this._shown ? shown : offered.slice(0, this._isVertical ? SHOWN_AT_FIRST_VERTICAL : SHOWN_AT_FIRST);
  }

  private get _shownRows(): Row[] {
    const store = this._store;
    const ids = this._shownIds;
    const key = [store.cameras, store.timelines, store.jobs, ids.join(), bin.clips];
    if (key.some((one, index) => one !== this._rowsKey[index])) {
      this._rowsKey = key;
      this._rows = ids.flatMap((id) => {
        const camera = store.cameras.find((one) => one.entity_id === id);
        if (!camera) return [];
        const timeline = store.timelines.get(id);
        const clips = timeline?.clips.filter((clip) => !bin.has(clip.id)) ?? [];
        return [makeRow(camera, timeline && { ...timeline, clips }, store.jobs)];
      });
    }
    return this._rows;
  }

  private get _visibleClips(): Clip[] {
    const key = [this._store.clips, bin.clips];
    if (key.some((one, index) => one !== this._visibleKey[index])) {
      this._visibleKey = key;
      this._visible = this._store.clips.filter((clip) => !bin.has(clip.id));
    }
    return this._visible;
  }

  protected override render(): TemplateResult {
    const store = this._store;
    const localize = this._localize;
    if (store.state === "loading" && !store.cameras.length) return this._bones();
    if (store.state === "missing" || store.state === "failed") return this._problem();
    if (!this._offered.length) return this._noCameras();
    const rows = this._shownRows;
    return html`
      ${this._offlineBanner()}
      <clip-download-head
        .cameras=${this._offered}
        .shown=${this._shownIds}
        .day=${this._bounds}
        .format=${this._format}
        .localize=${localize}
        .now=${this._now}
        .fixed=${this.entityIds.length > 0}
        @camera-toggled=${(event: CustomEvent<string>) => this._toggle(event.detail)}
        @day-changed=${(event: CustomEvent<Day>) => this._setDay(event.detail)}
      ></clip-download-head>
      ${this._problems()}
      ${rows.length
        ? html`
            <section class="part" aria-label=${localize("timeline.title")}>
              <clip-download-footage
                .hass=${this.hass}
                .rows=${rows}
                .bounds=${this._bounds}
                .selection=${this._selection}
                .format=${this._format}
                .localize=${localize}
                .now=${this._now}
                .vertical=${this._isVertical}
                .loading=${store.isLoadingDay}
                .hidePresets=${this.hidePresets}
                .busy=${this._isSaving}
                .offline=${!store.isOnline}
                .theme=${this._theme}
                @selection-changed=${this._selected}
                @clip-opened=${this._openClip}
                @save=${this._save}
                @cancel=${(event: CustomEvent<Job>) => void store.cancel(event.detail.id)}
        @cancel-back-fill=${(event: CustomEvent<BackFill>) => void store.cancelBackFill(event.detail.account_id)}
                @retry=${(event: CustomEvent<Job>) => void store.retry(event.detail.id)}
                @sign-in=${() => navigate(INTEGRATION_PAGE)}
                @notice=${(event: CustomEvent<string>) => store.tell(event.detail)}
              ></clip-download-footage>
            </section>
          `
        : html`<p class="part empty">${localize("state.nothing_shown")}</p>`}
      <clip-download-jobs
        class="part"
        ?hidden=${!this._jobs.length && !store.backFills.length}
        .jobs=${this._jobs}
        .backFills=${store.backFills}
        .cameras=${store.cameras}
        .format=${this._format}
        .localize=${localize}
        .now=${this._now}
        .offline=${!store.isOnline}
        @cancel=${(event: CustomEvent<Job>) => void store.cancel(event.detail.id)}
        @cancel-back-fill=${(event: CustomEvent<BackFill>) => void store.cancelBackFill(event.detail.account_id)}
        @retry=${(event: CustomEvent<Job>) => void store.retry(event.detail.id)}
        @dismiss=${(event: CustomEvent<Job>) => store.dismiss(event.detail.id)}
        @play=${this._playJob}
      ></clip-download-jobs>
      ${this.hideClips || !rows.length
        ? nothing
        : html`<clip-download-clips
            class="part"
            .clips=${this._visibleClips}
            .cameras=${store.cameras}
            .shown=${this._shownIds}
            .filter=${store.filter}
            .filters=${store.filters}
            .opened=${store.opened}
            .bringing=${store.bringing}
            .format=${this._format}
            .localize=${localize}
            .loading=${store.isLoadingClips}
            .hasMore=${store.hasMoreClips}
            .offline=${!store.isOnline}
            @filter-changed=${(event: CustomEvent<ClipFilter>) => store.setFilter(event.detail)}
            @more=${() => void store.loadMoreClips()}
            @open=${(event: CustomEvent<Clip>) => void this._open(event.detail.id)}
            @close=${() => this._close()}
            @keep=${(event: CustomEvent<{ clips: Clip[]; kept: boolean }>) =>
              void store.keep(event.detail.clips, event.detail.kept)}
            @label=${(event: CustomEvent<Clip[]>) => (this._labelled = event.detail)}
            @share=${(event: CustomEvent<Clip>) => (this._shared = event.detail)}
            @bring=${(event: CustomEvent<Clip>) => void store.bring(event.detail)}
            @links=${() => (this._shared = "links")}
            @export=${(event: CustomEvent<Clip[]>) => void store.pack(event.detail)}
            @delete=${this._delete}
          ></clip-download-clips>`}
      ${this._dialogs()}
      <clip-download-notices
        .localize=${localize}
        .doomed=${store.showsBin ? bin.clips.length : 0}
        .notice=${store.notice}
        .packing=${store.packing}
        .format=${this._format}
        @stop=${() => store.stopPacking()}
        @undo=${() => bin.undo()}
        @closed=${() => store.tell("")}
      ></clip-download-notices>
    `;
  }

  private _jobsKey: unknown[] = [];
  private _ownJobs: Job[] = [];

  /** The jobs of the cameras that are offered here. */
  private get _jobs(): Job[] {
    const key = [this._store.jobs, this._store.cameras, this.entityIds];
    if (key.some((one, index) => one !== this._jobsKey[index])) {
      this._jobsKey = key;
      const offered = new Set(this._offered.map((camera) => camera.entity_id));
      this._ownJobs = this._store.jobs.filter((job) => offered.has(job.entity_id ?? ""));
    }
    return this._ownJobs;
  }

  // --- when something is not as it should be

  private _bones(): TemplateResult {
    return html`<div class="bones" role="status">
      <span class="hidden-text">${this._localize("loading")}</span>
      <div></div>
      <div></div>
      <div></div>
    </div>`;
  }

  private _problem(): TemplateResult {
    const localize = this._localize;
    const isMissing = this._store.state === "missing";
    return html`<div class="big" role="alert">
      ${icon(mdiAlertCircleOutline)}
      <h2>${localize(isMissing ? "state.missing" : "state.failed")}</h2>
      <p>${isMissing ? localize("state.missing_help") : this._store.failure}</p>
      <button class="primary" @click=${() => void this._store.load()}>${localize("retry")}</button>
    </div>`;
  }

  private _noCameras(): TemplateResult {
    const localize = this._localize;
    // Only an administrator can add an account; anybody else may have been given no camera.
    const isAdmin = this.hass.user?.is_admin !== false;
    return html`<div class="big">
      ${icon(mdiCctv)}
      <h2>${localize(isAdmin ? "state.no_cameras" : "state.no_rights")}</h2>
      <p>${localize(isAdmin ? "state.no_cameras_help" : "state.no_rights_help")}</p>
      ${isAdmin
        ? html`<a class="button outlined" href=${ADD_PAGE} @click=${this._navigate}>${localize("state.add_account")}</a>`
        : nothing}
    </div>`;
  }

  private _offlineBanner(): TemplateResult | typeof nothing {
    if (this._store.isOnline) return nothing;
    return html`<p class="banner" role="status">${icon(mdiCloudOffOutline)} ${this._localize("state.offline")}</p>`;
  }

  private _problems(): TemplateResult {
    const localize = this._localize;
    const shown = new Set(this._shownIds);
    const cameras = this._offered.filter((camera) => camera.status !== "ok" && shown.has(camera.entity_id));
    const { timelines, dayFailure } = this._store;
    return html`
      ${cameras.map((camera) => {
        const reason = camera.reason ?? localize(`camera.${camera.status}`);
        return html`<p class="banner problem">
          ${icon(mdiAlertCircleOutline)}
          <span>${localize("camera.problem", { camera: camera.name, reason })}</span>
          ${camera.status === "signed_out"
            ? html`<a class="button" href=${INTEGRATION_PAGE} @click=${this._navigate}>${localize("camera.sign_in")}</a>`
            : nothing}
        </p>`;
      })}
      ${this._shownRows.map((row) => {
        const reason = timelines.get(row.entityId)?.events_error;
        if (!reason) return nothing;
        return html`<p class="banner problem">
          ${icon(mdiAlertCircleOutline)}
          <span>${localize("state.events_failed", { reason })}</span>
        </p>`;
      })}
      ${dayFailure
        ? html`<p class="banner problem" role="alert">
            ${icon(mdiAlertCircleOutline)}
            <span>${localize("state.day_failed", { reason: dayFailure })}</span>
            <button @click=${() => void this._store.reloadDay()}>${localize("retry")}</button>
          </p>`
        : nothing}
    `;
  }

  // --- what a person does

  /** Go to a page of Home Assistant without loading all of it anew. */
  private _navigate(event: MouseEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate((event.currentTarget as HTMLAnchorElement).href);
  }

  private _toggle(entityId: string): void {
    const shown = new Set(this._shownIds);
    if (!shown.delete(entityId)) shown.add(entityId);
    this._shown = [...shown];
    if (!this.entityIds.length) remember(this._shown);
    if (!this._selection) return;
    const entityIds = this._selection.entityIds.filter((one) => shown.has(one));
    this._selection = entityIds.length ? { ...this._selection, entityIds } : null;
  }

  private _setDay(day: Day): void {
    if (day.id === this._day?.id) return;
    this._day = day;
    this._selection = null;
  }

  private _selected(event: CustomEvent<Selection | null>): void {
    const selection = event.detail;
    const day = this._bounds;
    if (selection && day && (selection.start < day.start || selection.start >= day.end)) {
      this._now = Date.now();
      this._setDay(dayAt(selection.start, this._format.zone));
    }
    this._selection = selection;
  }

  private async _save(event: CustomEvent<Selection & { label: string }>): Promise<void> {
    const { entityIds, label, ...window } = event.detail;
    this._isSaving = true;
    const isTaken = await this._store.save(entityIds, window, label);
    this._isSaving = false;
    if (!isTaken) return;
    this._selection = null;
    await this.updateComplete;
    this._footage?.focusTrack();
  }

  private _openClip(event: CustomEvent<Clip>): void {
    void this._open(event.detail.id);
  }

  /** Play a clip, whatever is shown. */
  private async _open(clipId: string): Promise<void> {
    // A card without clips has no place to play it, but the panel has.
    if (this.hideClips) navigate(`/${PANEL}?clip=${encodeURIComponent(clipId)}`);
    else await this._store.open(clipId);
  }

  private _close(): void {
    this._store.close();
  }

  private async _playJob(event: CustomEvent<Job>): Promise<void> {
    const clipId = event.detail.clip_ids[0];
    if (clipId !== undefined) await this._open(clipId);
  }

  private _delete(event: CustomEvent<Clip[]>): void {
    this._store.delete(event.detail);
  }

  private _dialogs(): TemplateResult {
    const shared = this._shared;
    const labelled = this._labelled;
    const isOffline = !this._store.isOnline;
    return html`
      ${shared
        ? html`<clip-download-share
            .hass=${this.hass}
            .clip=${shared === "links" ? null : shared}
            .name=${shared === "links" ? "" : this._nameOf(shared)}
            .format=${this._format}
            .localize=${this._localize}
            .offline=${isOffline}
            @closed=${() => (this._shared = null)}
          ></clip-download-share>`
        : nothing}
      ${labelled
        ? html`<clip-download-label
            .clips=${labelled}
            .labels=${this._store.filters.labels}
            .localize=${this._localize}
            .offline=${isOffline}
            @label=${(event: CustomEvent<string>) => void this._store.label(labelled, event.detail)}
            @closed=${() => (this._labelled = null)}
          ></clip-download-label>`
        : nothing}
    `;
  }

  private _nameOf(clip: Clip): string {
    return this._store.cameras.find((camera) => camera.entity_id === clip.entity_id)?.name ?? clip.camera;
  }

  // --- the page's address

  private readonly _back = (): void => {
    this._store.close();
  };

  /** What plays is in the panel's address, and the browser's *back* closes it. */
  private _tellAddress(): void {
    const opened = this._store.opened?.id ?? null;
    const before = this._addressed;
    if (opened === before) return;
    this._addressed = opened;
    const address = this.linked
      ? `${location.pathname}${opened === null ? "" : `?clip=${encodeURIComponent(opened)}`}`
      : undefined;
    if (before === null && new URLSearchParams(location.search).get("clip") !== opened) layerOpened(this._back, address);
    else {
      if (opened === null) layerClosed(this._back);
      if (address !== undefined) setAddress(address);
    }
  }

  private readonly _readAddress = (): void => {
    if (!this.linked) return;
    const query = new URLSearchParams(location.search);
    const clipId = query.get("clip");
    if (clipId === null ? !query.has("camera") : clipId === this._addressed) return;
    this._link = query;
    this.requestUpdate();
  };

  /** Show what a link is for: a clip, or a camera at a time. */
  private async _follow(link: URLSearchParams): Promise<void> {
    this._link = null;
    const clipId = link.get("clip");
    const entityId = link.get("camera");
    const at = ms(link.get("at") ?? "");
    if (clipId !== null) {
      const clip = await this._store.open(clipId);
      if (clip) this._showDayOf(clip.entity_id, ms(clip.start));
      return;
    }
    if (entityId === null) return;
    // It is followed once, not each time that a person comes back to it.
    setAddress(location.pathname);
    const isKnown = this._offered.some((camera) => camera.entity_id === entityId);
    if (!isKnown) {
      this._store.tell(this._localize("state.no_such_camera"));
      return;
    }
    this._showDayOf(entityId, at);
    if (Number.isNaN(at)) return;
    await this.updateComplete;
    const start = Math.floor(at / SECOND) * SECOND;
    this._footage?.choose({ start: start - AROUND, end: start + AROUND, entityIds: [entityId] });
  }

  private _showDayOf(entityId: string | null, time: number): void {
    if (entityId !== null && !this._shownIds.includes(entityId)) this._toggle(entityId);
    if (!Number.isNaN(time)) this._setDay(dayAt(time, this._format.zone));
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        container-type: inline-size;
      }
      .part {
        display: block;
        padding: 16px;
        background: var(--cd-ground);
        border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--cd-line));
        border-radius: var(--ha-card-border-radius, 12px);
        margin-top: 16px;
      }
      :host([plain]) .part {
        border-inline: 0;
        border-bottom: 0;
        border-radius: 0;
        margin: 0;
        padding: 12px 0;
      }
      :host([plain]) clip-download-head {
        padding-bottom: 8px;
      }
      .empty {
        margin: 16px 0 0;
        color: var(--cd-faint);
        text-align: center;
      }
      .banner {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 44px;
        margin: 12px 0 0;
        padding: 4px 12px;
        border-radius: var(--cd-radius);
        background: color-mix(in srgb, var(--warning-color, #ffa600) 18%, var(--cd-ground));
      }
      .banner:first-child {
        margin: 0 0 12px;
      }
      .banner span {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .big {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 48px 16px;
        text-align: center;
        max-width: 480px;
        margin: auto;
      }
      .big > svg {
        width: 56px;
        height: 56px;
        color: var(--cd-faint);
      }
      .big p {
        margin: 0 0 8px;
        color: var(--cd-faint);
        overflow-wrap: anywhere;
      }
      .button.outlined {
        box-shadow: inset 0 0 0 1px var(--cd-line);
      }
      .banner a {
        color: var(--cd-link);
      }
      .bones div {
        border-radius: 12px;
        margin-top: 16px;
        background: var(--cd-soft);
        animation: breathe 1.2s ease-in-out infinite alternate;
        height: 44px;
      }
      .bones div:nth-of-type(2) {
        height: 360px;
      }
      .bones div:nth-of-type(3) {
        height: 200px;
      }
      @keyframes breathe {
        to {
          opacity: 0.5;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .bones div {
          animation: none;
        }
      }
      @container (max-width: 600px) {
        .part {
          padding: 12px;
          margin-top: 12px;
        }
      }
    `,
  ];
}

const navigate = (address: string): void => {
  history.pushState(null, "", address);
  window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
};

/** The cameras that were shown last on this device. */
const remembered = (): string[] | null => {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(REMEMBERED) ?? "null");
    return Array.isArray(found) ? found.filter((one): one is string => typeof one === "string") : null;
  } catch {
    return null;
  }
};

const remember = (entityIds: string[]): void => {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(entityIds));
  } catch {
    // A browser that keeps nothing shows the first cameras again.
  }
};
