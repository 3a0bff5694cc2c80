import type { ReactiveController, ReactiveControllerHost } from "lit";

import * as api from "./api";
import { localizeFor, sparedReason } from "./localize";
import { iso, MINUTE, ms } from "./time";
import { isOver } from "./timeline/model";
import type { Range } from "./timeline/scale";
import { reloadIfOlder } from "./version";
import type {
  BackFill,
  Camera,
  CameraTimeline,
  Clip,
  ClipCopy,
  ClipFilters,
  ClipsChange,
  ExportProgress,
  HomeAssistant,
  Job,
  JobsChange,
  Unsubscribe,
} from "./types";

/** Of the jobs that saved something the newest are listed: all of them are among the clips. */
const MOST_SAVED = 3;
/** How long *Undo* is offered; nothing is deleted before. */
export const UNDO_MS = 10_000;
/** So many clips are loaded at first: what a large screen shows of them. */
const FIRST_PAGE = 40;
const PAGE = 100;
const REFRESH_MS = MINUTE;
/** What comes in quick succession is answered once. */
const SETTLE_MS = 1_000;

interface Refusal {
  code?: string;
  message?: string;
  translation_domain?: string;
  translation_key?: string;
  translation_placeholders?: Record<string, string>;
}

/** A refusal in words, in the user's language if they are there, whatever was thrown. */
export const words = (error: unknown, hass?: HomeAssistant): string => {
  if (typeof error !== "object" || error === null) return String(error);
  const { code, message, translation_domain, translation_key, translation_placeholders } = error as Refusal;
  const key = `component.${translation_domain ?? ""}.exceptions.${translation_key ?? ""}.message`;
  const translated = translation_key && hass?.localize?.(key, translation_placeholders);
  return [translated, message, code].find(Boolean) ?? "";
};

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;

// --- what is about to be deleted

interface Doomed {
  hass: HomeAssistant;
  clips: Clip[];
  timer: number;
}

/**
 * Clips whose notice with *Undo* is still shown. They belong to no element: who goes to another page of
 * Home Assistant and comes back finds the notice as it was, and the clips are deleted when its time is
 * over. If the browser's page is closed or loaded anew meanwhile, nothing is deleted.
 */
class Bin {
  private _doomed: Doomed | null = null;
  private readonly _listeners = new Set<(failure?: string) => void>();

  get clips(): readonly Clip[] {
    return this._doomed?.clips ?? [];
  }

  has(clipId: string): boolean {
    return this.clips.some((clip) => clip.id === clipId);
  }

  listen(listener: (failure?: string) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /** Whether it is this listener who shows the notice: the first of those on the page. */
  isShownBy(listener: (failure?: string) => void): boolean {
    return this._listeners.values().next().value === listener;
  }

  /** Delete clips when the time of their notice is over; an earlier notice makes place for it. */
  put(hass: HomeAssistant, clips: Clip[]): void {
    void this._empty();
    this._doomed = { hass, clips, timer: window.setTimeout(() => void this._empty(), UNDO_MS) };
    this._tell();
  }

  undo(): void {
    if (!this._doomed) return;
    window.clearTimeout(this._doomed.timer);
    this._doomed = null;
    this._tell();
  }

  private async _empty(): Promise<void> {
    const doomed = this._doomed;
    if (!doomed) return;
    window.clearTimeout(doomed.timer);
    this._doomed = null;
    let failure: string | undefined;
    try {
      const { spared } = await api.deleteClips(
        doomed.hass,
        doomed.clips.map((clip) => clip.id),
      );
      if (spared[0]) failure = sparedReason(localizeFor(doomed.hass.locale.language), spared[0].reason);
    } catch (error) {
      failure = words(error, doomed.hass);
    }
    this._tell(failure);
  }

  private _tell(failure?: string): void {
    for (const listener of this._listeners) listener(failure);
  }
}

export const bin = new Bin();

// --- all that is shown

/** Which clips are listed, of the cameras that are shown. Empty is any. */
export interface ClipFilter {
  /** Not only of the day that is shown. */
  allDays: boolean;
  query: string;
  camera: string;
  label: string;
  kind: string;
  seen: string;
  kept: boolean;
  partial: boolean;
}

export const NO_FILTER: ClipFilter = {
  allDays: false,
  query: "",
  camera: "",
  label: "",
  kind: "",
  seen: "",
  kept: false,
  partial: false,
};

/** Clips that are being packed, or the ZIP that they became. */
export interface Packing {
  count: number;
  done: number;
  size: number | null;
  name: string;
  url: string | null;
}

/** A clip that comes home from its copy, or why it did not. */
export interface Bringing {
  clipId: string;
  done: number;
  size: number | null;
  failure: string;
}

export type State = "loading" | "ready" | "missing" | "failed";

/** What is known of the cameras, and what is done with it. It tells its host when something changed. */
export class Store implements ReactiveController {
  state: State = "loading";
  failure = "";
  isOnline = true;
  cameras: Camera[] = [];
  timelines = new Map<string, CameraTimeline>();
  /** Whether the day's timeline is being fetched for the first time. */
  isLoadingDay = false;
  dayFailure = "";
  jobs: Job[] = [];
  /** The accounts that fetch past recordings. */
  backFills: BackFill[] = [];
  clips: Clip[] = [];
  isLoadingClips = false;
  hasMoreClips = false;
  filter = NO_FILTER;
  /** What clips can be filtered by. */
  filters: ClipFilters = { labels: [], kinds: [], seen: [] };
  /** The clip that plays; it need not be in the list. */
  opened: Clip | null = null;
  packing: Packing | null = null;
  /** Of the clip that plays, if it is not at home. */
  bringing: Bringing | null = null;
  /** The last thing that went wrong, to be told once. */
  notice = "";

  private _hass: HomeAssistant | undefined;
  private _day: Range | undefined;
  private _shown: string[] = [];
  private _cursor: string | null = null;
  /** Counts what was asked for, so that a late answer to an earlier question is dropped. */
  private _asked = 0;
  private _askedClips = 0;
  private _stopPacking: (() => void) | undefined;
  private _stopBringing: (() => void) | undefined;
  private _connection: HomeAssistant["connection"] | undefined;
  private _unsubscribes: Promise<Unsubscribe>[] = [];
  private _firstJobs: Promise<void> | undefined;
  private _refresh = 0;
  private _settle = 0;
  private _unlisten: (() => void) | undefined;
  private readonly _dismissed = new Set<string>();

  constructor(private readonly _host: ReactiveControllerHost) {
    _host.addController(this);
  }

  hostConnected(): void {
    this._unlisten = bin.listen(this._binned);
    if (this._hass) this._open(this._hass);
  }

  hostDisconnected(): void {
    this._unlisten?.();
    this.stopPacking();
    this._leave();
    this._close();
  }

  /** Take Home Assistant's object; the first one begins everything. */
  setHass(hass: HomeAssistant): void {
    const isFirst = !this._hass;
    this._hass = hass;
    if (isFirst || this._connection !== hass.connection) {
      this._close();
      this._open(hass);
    }
  }

  private _open(hass: HomeAssistant): void {
    if (this._connection) return;
    void reloadIfOlder(hass);
    // Refusals are said in the user's language if Home Assistant has their texts.
    hass.loadBackendTranslation?.("exceptions", "clip_download").catch(() => undefined);
    this._connection = hass.connection;
    this.isOnline = hass.connection.connected;
    hass.connection.addEventListener("ready", this._ready);
    hass.connection.addEventListener("disconnected", this._lost);
    this._refresh = window.setInterval(() => this._refreshToday(), REFRESH_MS);
    void this.load();
  }

  private _close(): void {
    this._connection?.removeEventListener("ready", this._ready);
    this._connection?.removeEventListener("disconnected", this._lost);
    this._connection = undefined;
    this._unsubscribe();
    window.clearInterval(this._refresh);
    window.clearTimeout(this._settle);
    this._settle = 0;
  }

  private _unsubscribe(): void {
    for (const one of this._unsubscribes) {
      // It is gone already if the connection is, or never was.
      one.then((unsubscribe) => unsubscribe()).catch(() => undefined);
    }
    this._unsubscribes = [];
  }

  private readonly _binned = (failure?: string): void => {
    if (failure && this.showsBin) this.tell(failure);
    this._changed();
  };

  /** Whether the notice of what is about to be deleted belongs here. */
  get showsBin(): boolean {
    return bin.isShownBy(this._binned);
  }

  private readonly _ready = (): void => {
    this.isOnline = true;
    if (this._hass) void reloadIfOlder(this._hass);
    // What was subscribed to goes on by itself; what changed meanwhile was not told.
    void this.load();
  };

  private readonly _lost = (): void => {
    this.isOnline = false;
    this._changed();
  };

  private _changed(): void {
    this._host.requestUpdate();
  }

  tell(notice: string): void {
    this.notice = notice;
    this._changed();
  }

  /** Fetch the cameras and all that is shown of them. */
  async load(): Promise<void> {
    const hass = this._hass;
    if (!hass) return;
    if (this.state !== "ready") this.state = "loading";
    this._changed();
    try {
      if (!this._unsubscribes.length) this._subscribe(hass);
      this.cameras = await api.fetchCameras(hass);
      // What is under way is shown above the clips: they must not move when it comes.
      await this._firstJobs;
      this.state = "ready";
    } catch (error) {
      // Without a connection the banner says so; what is known stays.
      if (this.isOnline && this.state !== "ready") {
        this.state = codeOf(error) === "unknown_command" ? "missing" : "failed";
        this.failure = words(error, hass);
        this._unsubscribe();
      }
      this._changed();
      return;
    }
    this._changed();
    await this._loadDay();
  }

  private _subscribe(hass: HomeAssistant): void {
    this._firstJobs = new Promise((resolve) => {
      const jobs = api.subscribeJobs(hass, (change) => {
        this._jobsChanged(change);
        resolve();
      });
      this._unsubscribes = [jobs, api.subscribeClips(hass, (change) => this._clipsChanged(change))];
      for (const one of this._unsubscribes) {
        one.catch((error: unknown) => {
          // Before anything is shown, it fails as the cameras do.
          if (this.state === "ready") this.tell(words(error, hass));
          resolve();
        });
      }
    });
  }

  /** Show a day of some cameras. */
  show(day: Range, entityIds: string[]): void {
    const isSame = this._day?.start === day.start && this._shown.join() === entityIds.join();
    if (isSame) return;
    const isOtherDay = this._day?.start !== day.start;
    this._day = day;
    this._shown = entityIds;
    if (isOtherDay) this.timelines = new Map();
    this.clips = [];
    this._changed();
    if (this.state === "ready") void this._loadDay();
  }

  private async _loadDay(): Promise<void> {
    const asked = ++this._asked;
    // In the order in which they are looked at; a timeline of many clips takes the longest.
    await Promise.all([this._loadClips(null), this._loadTimelines(asked), this._loadFilters()]);
  }

  /** What can be filtered by is a help only: without it there is less to choose. */
  private async _loadFilters(): Promise<void> {
    if (!this._hass || !this._shown.length) return;
    try {
      this.filters = await api.fetchFilters(this._hass, this._shown);
    } catch {
      return;
    }
    this._changed();
  }

  private async _loadTimelines(asked: number): Promise<void> {
    const hass = this._hass;
    const day = this._day;
    if (!hass || !day || !this._shown.length) return;
    this.isLoadingDay = this._shown.some((one) => !this.timelines.has(one));
    this._changed();
    try {
      const timelines = await api.fetchTimeline(hass, this._shown, day.start, day.end);
      if (asked !== this._asked) return;
      this.timelines = new Map(timelines.map((one) => [one.entity_id, one]));
      this.dayFailure = "";
    } catch (error) {
      if (asked !== this._asked) return;
      if (this.isOnline) this.dayFailure = words(error, hass);
    }
    this.isLoadingDay = false;
    this._changed();
  }

  /** List other clips. */
  setFilter(filter: ClipFilter): void {
    this.filter = filter;
    this._changed();
    if (this.state === "ready") void this._loadClips(null);
  }

  private _clipsQuery(day: Range): api.ClipsQuery {
    const { allDays, query, camera, label, kind, seen, kept, partial } = this.filter;
    return {
      entity_ids: this._shown.includes(camera) ? [camera] : this._shown,
      ...(!allDays && { start: iso(day.start), end: iso(day.end) }),
      ...(query && { query }),
      ...(label && { label }),
      ...(kind && { kind }),
      ...(seen && { seen }),
      ...(kept && { kept }),
      ...(partial && { status: "partial" }),
    };
  }

  private async _loadClips(cursor: string | null): Promise<void> {
    const hass = this._hass;
    const day = this._day;
    if (!hass || !day) return;
    const asked = ++this._askedClips;
    if (!this._shown.length) {
      this.hasMoreClips = false;
      return;
    }
    this.isLoadingClips = true;
    this._changed();
    try {
      const page = await api.fetchClips(hass, {
        ...this._clipsQuery(day),
        limit: cursor === null ? FIRST_PAGE : PAGE,
        ...(cursor !== null && { cursor }),
      });
      if (asked !== this._askedClips) return;
      this.clips = cursor === null ? page.clips : merge(this.clips, page.clips, new Set());
      this._cursor = page.cursor;
      this.hasMoreClips = page.cursor !== null;
    } catch (error) {
      if (asked !== this._askedClips) return;
      if (this.isOnline) this.tell(words(error, hass));
    }
    this.isLoadingClips = false;
    this._changed();
  }

  async loadMoreClips(): Promise<void> {
    if (this._cursor !== null && !this.isLoadingClips) await this._loadClips(this._cursor);
  }

  /** Play a clip, by its id if that is all that is known of it; returns it. */
  async open(clipId: string): Promise<Clip | null> {
    this._leave();
    const known = this.clips.find((clip) => clip.id === clipId);
    if (known) this.opened = known;
    else await this._try(async (hass) => (this.opened = await api.fetchClip(hass, clipId)));
    this._changed();
    if (this.opened?.id !== clipId) return null;
    if (this.opened.away) void this.bring(this.opened);
    return this.opened;
  }

  /** Fetch a clip from its copy, and tell how far it is. */
  async bring(clip: Clip): Promise<void> {
    const hass = this._hass;
    if (!hass) return;
    this._leave();
    const bringing: Bringing = { clipId: clip.id, done: 0, size: null, failure: "" };
    const fail = (failure: string): void => {
      if (this._stopBringing !== stop) return;
      this.bringing = { ...bringing, failure };
      this._changed();
    };
    const subscribed = api.bringClip(hass, clip.id, (progress) => {
      if (this._stopBringing !== stop) return;
      if (progress.error) {
        fail(progress.error.message);
        return;
      }
      const { done_bytes, size_bytes } = progress;
      this.bringing = { ...bringing, done: done_bytes ?? 0, size: size_bytes ?? null };
      if (progress.clip) {
        this._leave();
        this._clipsChanged({ changed: [progress.clip] });
      }
      this._changed();
    });
    const stop = (): void => void subscribed.then((unsubscribe) => unsubscribe()).catch(() => undefined);
    this.bringing = bringing;
    this._stopBringing = stop;
    this._changed();
    try {
      await subscribed;
    } catch (error) {
      fail(words(error, hass));
    }
  }

  /** Do not look any more how a clip comes home, which it does all the same. */
  private _leave(): void {
    this._stopBringing?.();
    this._stopBringing = undefined;
    this.bringing = null;
  }

  close(): void {
    this._leave();
    this.opened = null;
    this._changed();
  }

  /** Fetch the timeline again: try once more, or see what is new. */
  async reloadDay(): Promise<void> {
    await this._loadDay();
  }

  private _refreshToday(): void {
    const now = Date.now();
    const isToday = this._day && this._day.start <= now && now < this._day.end + 2 * REFRESH_MS;
    if (isToday && this.isOnline && this.state === "ready" && !document.hidden) {
      void this._loadTimelines(this._asked);
    }
  }

  private _jobsChanged(change: JobsChange): void {
    const before = new Map(this.jobs.map((job) => [job.id, job]));
    const jobs = new Map(change.jobs ? change.jobs.map((job) => [job.id, job]) : before);
    for (const job of change.changed ?? []) jobs.set(job.id, job);
    for (const id of change.removed ?? []) jobs.delete(id);
    if (change.back_fills) this.backFills = change.back_fills;
    let saved = 0;
    this.jobs = [...jobs.values()]
      .filter((job) => !this._dismissed.has(job.id))
      .sort((a, b) => ms(b.asked_at) - ms(a.asked_at))
      .filter((job) => job.state !== "saved" || ++saved <= MOST_SAVED);
    this._changed();
  }

  private _clipsChanged(change: ClipsChange): void {
    const fresh = [...(change.saved ?? []), ...(change.changed ?? [])];
    const gone = new Set(change.removed);
    this._copiesChanged(change.copies ?? {});
    const day = this._day;
    const isShown = (clip: Clip): boolean =>
      day !== undefined &&
      clip.entity_id !== null &&
      this._shown.includes(clip.entity_id) &&
      ms(clip.start) < day.end &&
      ms(clip.end) > day.start;
    const listed = new Set(this.clips.map((clip) => clip.id));
    const isListed = (clip: Clip): boolean => listed.has(clip.id) || this._isWanted(clip, isShown(clip));
    this.opened = fresh.find((clip) => clip.id === this.opened?.id) ?? this.opened;
    if (this.opened && gone.has(this.opened.id)) this.opened = null;
    this.clips = merge(this.clips, fresh.filter(isListed), gone);
    for (const [entityId, timeline] of this.timelines) {
      const own = fresh.filter((clip) => clip.entity_id === entityId && isShown(clip));
      if (own.length || timeline.clips.some((clip) => gone.has(clip.id))) {
        this.timelines.set(entityId, { ...timeline, clips: merge(timeline.clips, own, gone) });
      }
    }
    // A new map, so that what is drawn from it is drawn anew.
    this.timelines = new Map(this.timelines);
    this._changed();
    // An event says which clip it has.
    if (change.saved?.length && !this._settle) {
      this._settle = window.setTimeout(() => {
        this._settle = 0;
        void this._loadTimelines(this._asked);
      }, SETTLE_MS);
    }
  }

  /** Of clips that are not shown, nothing needs to be known. */
  private _copiesChanged(copies: Record<string, ClipCopy[]>): void {
    const told = (clip: Clip): Clip => {
      const now = copies[clip.id];
      return now ? { ...clip, copies: now } : clip;
    };
    if (this.clips.some((clip) => copies[clip.id])) this.clips = this.clips.map(told);
    if (this.opened) this.opened = told(this.opened);
  }

  /** Whether a clip that is new belongs in the list; what a search finds is the back end's to say. */
  private _isWanted(clip: Clip, isOfDay: boolean): boolean {
    const { allDays, query, camera, label, kind, seen, kept, partial } = this.filter;
    return (
      (isOfDay || (allDays && this._shown.includes(clip.entity_id ?? ""))) &&
      !query &&
      (!this._shown.includes(camera) || clip.entity_id === camera) &&
      (!label || clip.label === label) &&
      (!kind || clip.kinds.includes(kind)) &&
      (!seen || clip.seen.includes(seen)) &&
      (!kept || clip.kept) &&
      (!partial || clip.status === "partial")
    );
  }

  // --- what a person does

  /** Ask for a window of some cameras; returns whether it was taken. */
  async save(entityIds: string[], window: Range, label: string): Promise<boolean> {
    return await this._try(async (hass) => {
      const answers = await api.saveClip(hass, entityIds, window.start, window.end, label);
      for (const answer of Object.values(answers)) {
        if (answer.status === "failed" && answer.error) {
          this.tell(typeof answer.error === "string" ? answer.error : (answer.error.message ?? ""));
        }
      }
    });
  }

  async cancel(jobId: string): Promise<void> {
    await this._try((hass) => api.cancelJob(hass, jobId));
  }

  async cancelBackFill(accountId: string): Promise<void> {
    await this._try((hass) => api.cancelBackFill(hass, accountId));
  }

  async retry(jobId: string): Promise<void> {
    if (await this._try((hass) => api.retryJob(hass, jobId))) this.dismiss(jobId);
  }

  /** Do not show a job any more that has ended. */
  dismiss(jobId: string): void {
    if (this.jobs.some((job) => job.id === jobId && !isOver(job))) return;
    this._dismissed.add(jobId);
    this.jobs = this.jobs.filter((job) => job.id !== jobId);
    this._changed();
  }

  async keep(clips: Clip[], kept: boolean): Promise<void> {
    const others = clips.filter((clip) => clip.kept !== kept);
    await this._change(others, (hass, ids) => api.keepClips(hass, ids, kept));
  }

  async label(clips: Clip[], label: string): Promise<void> {
    const others = clips.filter((clip) => clip.label !== label);
    await this._change(others, (hass, ids) => api.labelClips(hass, ids, label));
    void this._loadFilters();
  }

  private async _change(clips: Clip[], ask: (hass: HomeAssistant, ids: string[]) => Promise<Clip[]>): Promise<void> {
    const ids = clips.map((clip) => clip.id);
    if (ids.length) await this._try(async (hass) => this._clipsChanged({ changed: await ask(hass, ids) }));
  }

  delete(clips: Clip[]): void {
    if (!this._hass) return;
    // It is known now: nobody should wait for the notice to hear it.
    if (clips.some((clip) => clip.kept)) this.tell(sparedReason(localizeFor(this._hass.locale.language), "kept"));
    const doomed = clips.filter((clip) => !clip.kept);
    if (!doomed.length) return;
    if (doomed.some((clip) => clip.id === this.opened?.id)) this.opened = null;
    bin.put(this._hass, doomed);
  }

  /** Pack clips into a ZIP, and tell how far it is; an earlier one makes place for it. */
  async pack(clips: Clip[]): Promise<void> {
    const hass = this._hass;
    if (!hass) return;
    this.stopPacking();
    const packing: Packing = { count: clips.length, done: 0, size: null, name: "", url: null };
    const fail = (reason: string): void => {
      if (this._stopPacking !== stop) return;
      this.stopPacking();
      this.tell(reason);
    };
    const ids = clips.map((clip) => clip.id);
    const subscribed = api.exportClips(hass, ids, (progress) => {
      if (this._stopPacking !== stop) return;
      if (progress.error) fail(progress.error.message);
      else this.packing = packed(this.packing ?? packing, progress);
      this._changed();
    });
    // It is gone already if the connection is, or never was.
    const stop = (): void => void subscribed.then((unsubscribe) => unsubscribe()).catch(() => undefined);
    this.packing = packing;
    this._stopPacking = stop;
    this._changed();
    try {
      await subscribed;
    } catch (error) {
      fail(words(error, hass));
    }
  }

  /** Stop packing, or put away what was packed. */
  stopPacking(): void {
    this._stopPacking?.();
    this._stopPacking = undefined;
    this.packing = null;
    this._changed();
  }

  private async _try(act: (hass: HomeAssistant) => Promise<unknown>): Promise<boolean> {
    if (!this._hass) return false;
    try {
      await act(this._hass);
    } catch (error) {
      this.tell(words(error, this._hass));
      return false;
    }
    return true;
  }
}

const packed = (packing: Packing, progress: ExportProgress): Packing => ({
  ...packing,
  done: progress.done_bytes ?? packing.done,
  size: progress.size_bytes ?? packing.size,
  name: progress.name ?? packing.name,
  url: progress.url ?? packing.url,
});

/** Clips with what is new and without what is gone, the newest first. */
const merge = (clips: Clip[], fresh: Clip[], gone: Set<string>): Clip[] => {
  const all = new Map(clips.map((clip) => [clip.id, clip]));
  for (const clip of fresh) all.set(clip.id, clip);
  for (const id of gone) all.delete(id);
  return [...all.values()].sort((a, b) => ms(b.start) - ms(a.start));
};
