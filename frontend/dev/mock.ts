import type * as api from "../src/api";
import { dayAt, HOUR, iso, MINUTE, ms, SECOND } from "../src/time";
import type { BackFill, Camera, Clip, ClipCopy, CloudEvent, HomeAssistant, Job, Message, Share, Span, Unsubscribe } from "../src/types";

/** A Home Assistant that is not there: a day of three cameras, and the commands that are asked of it. */

export interface MockOptions {
  zone: string;
  language: string;
  timeFormat: "12" | "24" | "language";
  dark: boolean;
  /** What is wrong: `empty`, `no_rights`, `missing`, `failed`, `loading`, `offline`, `quiet`. */
  state: string;
  events: number;
}

const FRONT = "camera.front_door";
const DRIVE = "camera.driveway";
const YARD = "camera.back_yard";
export const HOSTILE = "<img src=x onerror=alert(1)>";

/** Numbers that look random and are the same each time. */
const randomFrom = (seed: number) => (): number => {
  seed = (seed * 1664525 + 1013904223) % 4294967296;
  return seed / 4294967296;
};

const span = (start: number, end: number): Span => ({ start: iso(start), end: iso(end) });

/** A street with a house, whose sky goes with the hour. */
const picture = (seed: number, hour: number): string => {
  const random = randomFrom(seed * 7919 + 13);
  const isNight = hour < 6 || hour > 20;
  const sky = isNight ? ["#0b1530", "#27365c"] : hour < 9 || hour > 17 ? ["#f3a46b", "#7ba0cf"] : ["#8fc3ef", "#dcecf7"];
  const x = 20 + random() * 220;
  const houses = [0, 1, 2, 3]
    .map((index) => {
      const height = 44 + random() * 44;
      const tone = isNight ? 22 + random() * 14 : 50 + random() * 24;
      const left = index * 84 - 6;
      const window = isNight && random() > 0.4 ? "#ffd98a" : isNight ? "#10182c" : "#c9dcea";
      return `<g><rect x="${left}" y="${118 - height}" width="78" height="${height}" fill="hsl(${20 + random() * 30} 24% ${tone}%)"/>
      <path d="M${left - 6} ${118 - height}l45-26 45 26z" fill="hsl(12 30% ${tone - 14}%)"/>
      <rect x="${left + 12}" y="${130 - height}" width="16" height="16" fill="${window}"/><rect x="${left + 48}" y="${130 - height}" width="16" height="16" fill="${window}"/></g>`;
    })
    .join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice"><defs><linearGradient id="s" x2="0" y2="1">
  <stop stop-color="${sky[0] ?? ""}"/><stop offset="1" stop-color="${sky[1] ?? ""}"/></linearGradient></defs><rect width="320" height="120" fill="url(#s)"/>${houses}
  <rect y="116" width="320" height="14" fill="${isNight ? "#2b3245" : "#a7a59c"}"/><rect y="128" width="320" height="52" fill="${isNight ? "#171b26" : "#5f636a"}"/>
  <path d="M0 154h320" stroke="#e8e2c6" stroke-width="3" stroke-dasharray="26 18" opacity=".6"/>
  <g transform="translate(${x} 132)"><rect width="62" height="16" rx="6" fill="hsl(${random() * 360} 50% 42%)"/><path d="M12 0l8-12h24l10 12z" fill="#26303c"/><circle cx="14" cy="17" r="7"/><circle cx="48" cy="17" r="7"/></g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
};

/** Three seconds of a moving picture, made by the browser. */
const makeVideo = async (): Promise<string> => {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const ink = canvas.getContext("2d");
  const image = new Image();
  image.src = picture(5, 12);
  await image.decode().catch(() => undefined);
  const recorder = new MediaRecorder(canvas.captureStream(25));
  const chunks: Blob[] = [];
  recorder.ondataavailable = (event) => chunks.push(event.data);
  const ended = new Promise<void>((resolve) => (recorder.onstop = () => resolve()));
  recorder.start();
  const began = performance.now();
  await new Promise<void>((resolve) => {
    const frame = (): void => {
      const time = (performance.now() - began) / 1000;
      ink?.drawImage(image, 0, 0, 640, 360);
      if (ink) {
        ink.fillStyle = "#c62828";
        ink.fillRect(time * 200, 250, 120, 36);
      }
      if (time < 3) requestAnimationFrame(frame);
      else resolve();
    };
    frame();
  });
  recorder.stop();
  await ended;
  return URL.createObjectURL(new Blob(chunks, { type: "video/webm" }));
};

const distinct = (values: string[]): string[] => [...new Set(values)].filter(Boolean);

/** Whether a clip is among those that are asked for. */
const isWanted = (clip: Clip, asked: Message): boolean => {
  const { start, end, label, kind, seen, kept, status, query } = asked as api.ClipsQuery;
  const words = [clip.camera, clip.label, ...clip.kinds, ...clip.seen].join(" ").toLowerCase();
  return (
    (end === undefined || clip.start < end) &&
    (start === undefined || clip.end > start) &&
    (label === undefined || clip.label === label) &&
    (kind === undefined || clip.kinds.includes(kind)) &&
    (seen === undefined || clip.seen.includes(seen)) &&
    (kept === undefined || clip.kept === kept) &&
    (status === undefined || clip.status === status) &&
    (query === undefined || query.toLowerCase().split(" ").every((word) => words.includes(word)))
  );
};

type Listener = (message: unknown) => void;

export class MockBackEnd {
  connected = true;
  readonly hass: HomeAssistant;
  /** What was asked, for tests. */
  readonly asked: Message[] = [];
  private readonly _listeners = new Map<string, Set<() => void>>();
  private readonly _jobListeners = new Set<Listener>();
  private readonly _clipListeners = new Set<Listener>();
  private readonly _cameras: Camera[];
  private readonly _events = new Map<string, CloudEvent[]>();
  private _clips: Clip[] = [];
  private _jobs: Job[] = [];
  private _backFills: BackFill[] = [];
  private _shares: Share[] = [];
  private _video = "";
  private _count = 0;

  constructor(private readonly _options: MockOptions) {
    const { zone } = _options;
    const now = Date.now();
    const today = dayAt(now, zone);
    const account = (kind: string, title: string) => ({ entry_id: kind, title, kind });
    this._cameras = [
      {
        entity_id: FRONT,
        name: "Front door",
        account: account("ring", "Ring"),
        status: "ok",
        reason: null,
        any_window: false,
        has_events: true,
        lag_s: 30,
        bytes_per_s: 300_000,
        usd_per_gb: null,
        has_pictures: false,
        picture: picture(1, 12),
      },
      {
        entity_id: DRIVE,
        name: "Driveway",
        account: account("meraki", "Meraki"),
        status: "ok",
        reason: null,
        any_window: true,
        has_events: true,
        lag_s: 600,
        bytes_per_s: 300_000,
        usd_per_gb: null,
        has_pictures: true,
        picture: picture(2, 12),
      },
      {
        entity_id: YARD,
        name: HOSTILE,
        account: account("kinesis", "AWS"),
        status: "signed_out",
        reason: "The access key was rejected.",
        any_window: true,
        has_events: false,
        lag_s: 5,
        bytes_per_s: 250_000,
        usd_per_gb: 0.0085,
        has_pictures: true,
        picture: null,
      },
    ];
    if (_options.state === "empty" || _options.state === "no_rights") this._cameras = [];
    if (_options.state !== "quiet") this._fill(today.start, now);
    const backEnd = this;
    this.hass = {
      connection: {
        get connected() {
          return backEnd.connected;
        },
        addEventListener: (type: string, listener: () => void) => this._on(type).add(listener),
        removeEventListener: (type: string, listener: () => void) => this._on(type).delete(listener),
        subscribeMessage: <T>(listener: (message: T) => void, message: Message) =>
          this._subscribe(listener as Listener, message),
      },
      connected: true,
      language: _options.language,
      locale: { language: _options.language, time_format: _options.timeFormat, time_zone: "server" },
      config: { time_zone: zone },
      themes: { darkMode: _options.dark },
      user: { is_admin: _options.state !== "no_rights" },
      states: {},
      entities: Object.fromEntries(this._cameras.map((camera) => [camera.entity_id, { platform: "clip_download" }])),
      callWS: <T>(message: Message) => this._answer(message) as Promise<T>,
      callService: <T>(_domain: string, service: string, data: Record<string, unknown>, target: { entity_id: string[] }) =>
        Promise.resolve({ response: this._serve(service, data, target.entity_id) as T }),
    };
    if (_options.state === "offline") setTimeout(() => this.disconnect(), 1200);
    setInterval(() => this._work(), 250);
  }

  /** Make what a clip plays. */
  async prepare(): Promise<void> {
    this.play(await makeVideo());
  }

  play(video: string): void {
    this._video = video;
    this._clips = this._clips.map((clip) => ({ ...clip, url: this._video }));
  }

  fetchPast(backFills: BackFill[]): void {
    this._backFills = backFills;
    this._send(this._jobListeners, { back_fills: backFills });
  }

  disconnect(): void {
    this.connected = false;
    for (const listener of this._on("disconnected")) listener();
  }

  reconnect(): void {
    this.connected = true;
    for (const listener of this._on("ready")) listener();
    this._send(this._jobListeners, { jobs: this._jobs, back_fills: this._backFills });
  }

  private _on(type: string): Set<() => void> {
    let listeners = this._listeners.get(type);
    if (!listeners) this._listeners.set(type, (listeners = new Set()));
    return listeners;
  }

  private _fill(start: number, now: number): void {
    const random = randomFrom(42);
    const cameras = this._cameras.map((camera) => camera.entity_id);
    for (const one of cameras) this._events.set(one, []);
    for (let index = 0; index < this._options.events; index++) {
      const entityId = cameras[Math.floor(random() ** 1.3 * cameras.length)] ?? FRONT;
      // More happens in the morning and in the evening.
      const hour = (now - start) * (random() < 0.5 ? random() : Math.min(0.99, Math.max(0, 0.7 + (random() - 0.5) * 0.4)));
      const at = start + hour;
      const length = (8 + random() * 50) * SECOND;
      const roll = random();
      const kind = entityId === FRONT && roll < 0.06 ? "ding" : "motion";
      const seen = roll < 0.3 ? ["person"] : roll < 0.4 ? ["vehicle"] : roll < 0.45 ? ["package"] : roll < 0.5 ? ["animal"] : [];
      this._events.get(entityId)?.push({
        ...span(at, Math.min(at + length, now)),
        id: `event-${String(index)}`,
        kind,
        seen,
        is_ready: now - at > 60 * SECOND,
        clip_id: null,
        picture: index % 3 ? picture(index, (hour / HOUR) % 24) : null,
      });
    }
    const times = [0.12, 0.3, 0.42, 0.55, 0.63, 0.7, 0.78, 0.86, 0.93];
    times.forEach((share, index) => {
      const entityId = cameras[index % Math.max(cameras.length, 1)];
      if (!entityId) return;
      const at = start + (now - start) * share;
      const length = [40, 300, 1500, 60, 95, 600][index % 6] ?? 60;
      this._clips.push(this._clip(entityId, at, at + length * SECOND, index));
    });
    // And of the days before, for who looks at all days.
    for (let index = 1; index <= 30; index++) {
      const entityId = cameras[index % Math.max(cameras.length, 1)];
      const at = start - index * 5.3 * HOUR;
      if (entityId) this._clips.push(this._clip(entityId, at, at + (20 + (index % 7) * 30) * SECOND, index));
    }
    const front = cameras[0];
    const drive = cameras[1];
    if (!front || !drive) return;
    this._jobs = [
      this._job(drive, now - 12 * MINUTE, now - 7 * MINUTE, { state: "waiting", reason: "Meraki has it in about 10 minutes", next_try_at: iso(now + 154 * SECOND) }),
      this._job(front, now - 70 * MINUTE, now - 55 * MINUTE, { state: "fetching", size_bytes: 48_300_000, received_bytes: 9_000_000, parts: 15, parts_done: 3, label: "parcel" }),
      this._job(front, now - 190 * MINUTE, now - 186 * MINUTE, {
        state: "failed",
        error: { key: "no_footage", message: "Front door recorded nothing in this window." },
      }),
    ];
  }

  private _clip(entityId: string, start: number, end: number, index: number, label = ""): Clip {
    const hasGap = index % 4 === 2;
    const length = (end - start) / SECOND;
    const gap = span(start + (end - start) * 0.4, start + (end - start) * 0.55);
    const hour = ((start - dayAt(start, this._options.zone).start) / HOUR) % 24;
    return {
      ...span(start, end),
      id: `clip-${String(++this._count)}`,
      entity_id: entityId,
      camera: this._cameras.find((camera) => camera.entity_id === entityId)?.name ?? entityId,
      label: label || (["", "parcel", "", "visitor"][index % 4] ?? ""),
      status: hasGap ? "partial" : "complete",
      gaps: hasGap ? [gap] : [],
      duration_s: hasGap ? length * 0.85 : length,
      size_bytes: Math.round(length * 340_000),
      events: [],
      kinds: index % 3 === 2 ? ["ding"] : [],
      seen: index % 3 === 0 ? ["person"] : [],
      kept: index % 3 === 1,
      saved_at: iso(end + 60 * SECOND),
      path: `/media/clip_download/${entityId}/${iso(start).slice(0, 19).replaceAll(":", "-")}.mp4`,
      media_content_id: `media-source://clip_download/clip/${String(this._count)}`,
      url: this._video,
      copies: index % 5 === 4 ? [] : [{ place: "S3 clips", copied_at: index % 5 === 3 ? null : iso(end + 90 * SECOND) }],
      away: false,
      picture: index === 5 ? null : picture(index + 60, hour),
    };
  }

  private _job(entityId: string, start: number, end: number, more: Partial<Job>): Job {
    return {
      ...span(start, end),
      id: `job-${String(++this._count)}`,
      entity_id: entityId,
      camera: this._cameras.find((camera) => camera.entity_id === entityId)?.name ?? entityId,
      label: "",
      state: "queued",
      asked_at: iso(Date.now() - this._count * SECOND),
      reason: null,
      next_try_at: null,
      received_bytes: 0,
      size_bytes: null,
      parts_done: 0,
      parts: null,
      clip_ids: [],
      error: null,
      ...more,
    };
  }

  private _send(listeners: Set<Listener>, message: unknown): void {
    if (this.connected) for (const listener of listeners) listener(message);
  }

  private _change(job: Job, more: Partial<Job>): void {
    const changed = { ...job, ...more };
    this._jobs = this._jobs.map((one) => (one.id === job.id ? changed : one));
    this._send(this._jobListeners, { changed: [changed] });
  }

  /** A quarter of a second of what the back end does. */
  private _work(): void {
    for (const job of this._jobs) {
      if (job.state === "queued") {
        this._change(job, { state: "fetching", size_bytes: 12_000_000, parts: 1 });
      } else if (job.state === "fetching") {
        const size = job.size_bytes ?? 1;
        const received = Math.min(size, job.received_bytes + 350_000);
        if (received < size) this._change(job, { received_bytes: received, parts_done: Math.floor(((job.parts ?? 1) * received) / size) });
        else this._change(job, { state: "finishing", received_bytes: size });
      } else if (job.state === "finishing") {
        const clip = this._clip(job.entity_id ?? "", ms(job.start), ms(job.end), 3, job.label);
        this._clips.push(clip);
        this._change(job, { state: "saved", clip_ids: [clip.id] });
        this._send(this._clipListeners, { saved: [clip], changed: [], removed: [] });
      }
    }
  }

  private _subscribe(listener: Listener, message: Message): Promise<Unsubscribe> {
    if (message.type === "clip_download/export") return this._export(listener, message);
    if (message.type === "clip_download/clip/fetch") return this._bring(listener, message);
    const listeners = message.type === "clip_download/jobs/subscribe" ? this._jobListeners : this._clipListeners;
    listeners.add(listener);
    if (listeners === this._jobListeners) {
      setTimeout(() => listener({ jobs: this._jobs, back_fills: this._backFills }), 30);
    }
    return Promise.resolve(() => void listeners.delete(listener));
  }

  private _serve(service: string, data: Record<string, unknown>, entityIds: string[]): unknown {
    this.asked.push({ type: service, ...data, entity_ids: entityIds });
    return Object.fromEntries(
      entityIds.map((entityId) => {
        const job = this._job(entityId, ms(data["start"] as string), ms(data["end"] as string), {
          label: (data["label"] as string | undefined) ?? "",
          asked_at: iso(Date.now()),
        });
        this._jobs = [job, ...this._jobs];
        this._send(this._jobListeners, { changed: [job] });
        return [entityId, { job_id: job.id, status: "queued" }];
      }),
    );
  }

  private async _answer(message: Message): Promise<unknown> {
    this.asked.push(message);
    const { state } = this._options;
    if (message.type === "manifest/get") return { version: "0.0.0" };
    await new Promise((resolve) => setTimeout(resolve, 40));
    if (!this.connected) throw { code: "not_connected", message: "Connection lost" };
    if (state === "loading") return await new Promise(() => undefined);
    if (state === "missing") throw { code: "unknown_command", message: "Unknown command." };
    if (state === "failed") throw { code: "home_assistant_error", message: "The library cannot be opened: its disk is not mounted." };
    const ids = message["entity_ids"] as string[] | undefined;
    switch (message.type) {
      case "clip_download/cameras":
        return { cameras: this._cameras };
      case "clip_download/timeline":
        return { cameras: (ids ?? []).map((one) => this._timeline(one, message["start"] as string, message["end"] as string)) };
      case "clip_download/picture_at": {
        // One every ten seconds, and none of some.
        const at = Math.floor(ms(message["at"] as string) / (10 * SECOND)) * 10 * SECOND;
        const hour = ((at - dayAt(at, this._options.zone).start) / HOUR) % 24;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return (at / SECOND) % 70 === 0 ? { picture: null, at: null } : { picture: picture(at / SECOND, hour), at: iso(at) };
      }
      case "clip_download/clips/list": {
        const found = this._clips
          .filter((clip) => ids?.includes(clip.entity_id ?? "") ?? true)
          .filter((clip) => isWanted(clip, message))
          .sort((a, b) => ms(b.start) - ms(a.start));
        const from = Number(message["cursor"] ?? 0);
        const to = from + Number(message["limit"] ?? 200);
        return { clips: found.slice(from, to), cursor: to < found.length ? String(to) : null };
      }
      case "clip_download/back_fill/cancel":
        this.fetchPast([]);
        return { cancelled: 360 };
      case "clip_download/jobs/cancel":
        this._end(message["job_id"] as string, "cancelled");
        return { cancelled: true };
      case "clip_download/jobs/retry": {
        const old = this._jobs.find((job) => job.id === message["job_id"]);
        if (!old) throw { code: "not_found", message: "There is no such job." };
        const job = this._job(old.entity_id ?? "", ms(old.start), ms(old.end), { label: old.label });
        this._jobs = [job, ...this._jobs.filter((one) => one !== old)];
        this._send(this._jobListeners, { changed: [job], removed: [old.id] });
        return { job_id: job.id };
      }
      case "clip_download/clips/filters":
        return {
          labels: distinct(this._clips.map((clip) => clip.label)),
          kinds: distinct(this._clips.flatMap((clip) => clip.kinds)),
          seen: distinct(this._clips.flatMap((clip) => clip.seen)),
        };
      case "clip_download/clip/get":
        return { clip: this._known(message["clip_id"] as string) };
      case "clip_download/share/create":
        return { share: this._share(message["clip_id"] as string, message["hours"] as number) };
      case "clip_download/share/list":
        return { shares: this._shares.map((share) => ({ ...share, url: null })) };
      case "clip_download/share/revoke":
        this._shares = this._shares.filter((share) => share.id !== message["share_id"]);
        return {};
      case "clip_download/clip/keep":
        return { clips: this._update(message["clip_ids"] as string[], { kept: message["kept"] as boolean }) };
      case "clip_download/clip/label":
        return { clips: this._update(message["clip_ids"] as string[], { label: message["label"] as string }) };
      case "clip_download/clip/delete": {
        const gone = message["clip_ids"] as string[];
        this._clips = this._clips.filter((clip) => !gone.includes(clip.id));
        this._send(this._clipListeners, { saved: [], changed: [], removed: gone });
        return { deleted: gone, spared: [] };
      }
      default:
        throw { code: "unknown_command", message: "Unknown command." };
    }
  }

  private _share(clipId: string, hours: number): Share {
    const clip = this._known(clipId);
    const id = `share-${String(++this._count)}`;
    const share: Share = {
      ...span(ms(clip.start), ms(clip.end)),
      id,
      clip_id: clipId,
      camera: clip.camera,
      created_at: iso(Date.now()),
      expires_at: iso(Date.now() + hours * HOUR),
      url: `https://home.example/api/clip_download/share/${id}-Xn4pQ2vTb8sKd6rLw1yZc9mFh3gJ7uEa`,
      path: `/api/clip_download/share/${id}`,
      opened: 0,
      user: null,
    };
    this._shares = [share, ...this._shares];
    return share;
  }

  /** Five seconds of packing, then a file of a few bytes. */
  private _export(listener: Listener, message: Message): Promise<Unsubscribe> {
    this.asked.push(message);
    const ids = message["clip_ids"] as string[];
    const size = this._clips.filter((clip) => ids.includes(clip.id)).reduce((sum, clip) => sum + clip.size_bytes, 0);
    let done = 0;
    const timer = setInterval(() => {
      done += size / 20;
      if (done < size) listener({ done_bytes: Math.round(done), size_bytes: size });
      else {
        clearInterval(timer);
        listener({ name: "clips.zip", size_bytes: size, url: "data:application/zip;base64,UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" });
      }
    }, 250);
    return Promise.resolve(() => clearInterval(timer));
  }

  /** Take the file of a clip away: there is a copy only. */
  loseFile(clipId: string): void {
    this._update([clipId], { away: true, url: null });
  }

  /** Tell of the copies that a clip has now. */
  copy(clipId: string, copies: ClipCopy[]): void {
    this._clips = this._clips.map((clip) => (clip.id === clipId ? { ...clip, copies } : clip));
    this._send(this._clipListeners, { saved: [], changed: [], removed: [], copies: { [clipId]: copies } });
  }

  /** Why clips cannot be fetched from their copies. */
  unreachable = "";

  /** Two seconds of fetching, then the clip. */
  private _bring(listener: Listener, message: Message): Promise<Unsubscribe> {
    this.asked.push(message);
    const clip = this._known(message["clip_id"] as string);
    let done = 0;
    const timer = setInterval(() => {
      done += clip.size_bytes / 8;
      if (this.unreachable) listener({ error: { key: "target_unreachable", message: this.unreachable } });
      else if (done < clip.size_bytes) listener({ done_bytes: Math.round(done), size_bytes: clip.size_bytes });
      else listener({ clip: this._update([clip.id], { away: false, url: this._video })[0] });
      if (this.unreachable || done >= clip.size_bytes) clearInterval(timer);
    }, 250);
    return Promise.resolve(() => clearInterval(timer));
  }

  private _end(jobId: string, state: "cancelled"): void {
    const job = this._jobs.find((one) => one.id === jobId);
    if (job) this._change(job, { state });
  }

  private _known(clipId: string): Clip {
    const clip = this._clips.find((one) => one.id === clipId);
    if (!clip) throw { code: "not_found", message: "There is no such clip." };
    return clip;
  }

  private _update(clipIds: string[], more: Partial<Clip>): Clip[] {
    const changed = clipIds.map((clipId) => ({ ...this._known(clipId), ...more }));
    this._clips = this._clips.map((clip) => changed.find((one) => one.id === clip.id) ?? clip);
    this._send(this._clipListeners, { saved: [], changed, removed: [] });
    return changed;
  }

  private _timeline(entityId: string, start: string, end: string): unknown {
    const from = ms(start);
    const to = Math.min(ms(end), Date.now());
    const today = dayAt(Date.now(), this._options.zone).start;
    const inside = (one: Span): boolean => one.start < end && one.end > start;
    const events = (this._events.get(entityId) ?? []).filter(inside);
    const hole = [from + 4.2 * HOUR, from + 5.1 * HOUR] as const;
    const footage =
      entityId === FRONT
        ? events.map(({ start: a, end: b }) => ({ start: a, end: b }))
        : entityId === DRIVE
          ? [span(from, Math.min(hole[0], to)), ...(to > hole[1] ? [span(hole[1], to)] : [])]
          : null;
    return {
      entity_id: entityId,
      footage,
      retention_start: entityId === YARD ? iso(today + 3.5 * HOUR) : null,
      only_motion_before: entityId === YARD ? iso(today + 6 * HOUR) : null,
      refused: entityId === YARD ? [{ ...span(today + 7 * HOUR, today + 8 * HOUR), reason: "The cloud has no footage of that time." }] : [],
      events,
      events_error: null,
      clips: this._clips.filter((clip) => clip.entity_id === entityId && inside(clip)).map((clip) => ({ ...clip, url: undefined })),
    };
  }
}
