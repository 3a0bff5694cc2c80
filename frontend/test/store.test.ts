import type { ReactiveControllerHost } from "lit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { MockBackEnd } from "../dev/mock";
import { bin, NO_FILTER, Store, UNDO_MS, words } from "../src/store";
import { dayAt } from "../src/time";
import type { Clip } from "../src/types";

const ZONE = "America/Los_Angeles";
const NOON = Date.parse("2026-11-21T20:00:00Z");

const makeStore = (state = "") => {
  const backEnd = new MockBackEnd({ zone: ZONE, language: "en", timeFormat: "24", dark: false, state, events: 30 });
  const host = { addController: () => undefined, requestUpdate: () => undefined } as unknown as ReactiveControllerHost;
  const store = new Store(host);
  store.hostConnected();
  store.show(dayAt(NOON, ZONE), ["camera.front_door", "camera.driveway"]);
  store.setHass(backEnd.hass);
  const count = (type: string): number => backEnd.asked.filter((one) => one.type === type).length;
  return { store, backEnd, count };
};

let open: Store[] = [];
const start = async (state = "") => {
  const made = makeStore(state);
  open.push(made.store);
  await vi.advanceTimersByTimeAsync(200);
  return made;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(NOON);
});

afterEach(() => {
  bin.undo();
  for (const store of open) store.hostDisconnected();
  open = [];
  vi.useRealTimers();
});

describe("loading", () => {
  it("has cameras, the day's timelines, clips and jobs", async () => {
    const { store } = await start();
    expect(store.state).toBe("ready");
    expect(store.cameras).toHaveLength(3);
    expect([...store.timelines.keys()]).toEqual(["camera.front_door", "camera.driveway"]);
    expect(store.clips.length).toBeGreaterThan(0);
    expect(store.jobs).toHaveLength(3);
    expect(store.isLoadingDay || store.isLoadingClips).toBe(false);
  });

  it("says what is wrong", async () => {
    expect((await start("missing")).store.state).toBe("missing");
    const { store } = await start("failed");
    expect([store.state, store.failure]).toEqual([
      "failed",
      "The library cannot be opened: its disk is not mounted.",
    ]);
  });

  it("drops an answer to what is not asked any more", async () => {
    const { store } = await start();
    const today = store.timelines;
    store.show(dayAt(NOON, ZONE, -1), ["camera.front_door"]);
    store.show(dayAt(NOON, ZONE), ["camera.front_door", "camera.driveway"]);
    await vi.advanceTimersByTimeAsync(200);
    expect([...store.timelines.keys()]).toEqual([...today.keys()]);
    expect(store.clips.length).toBeGreaterThan(0);
  });

  it("looks again at today each minute, not while it is offline", async () => {
    const { backEnd, count } = await start();
    const before = count("clip_download/timeline");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count("clip_download/timeline")).toBeGreaterThan(before);
    backEnd.disconnect();
    const offline = count("clip_download/timeline");
    await vi.advanceTimersByTimeAsync(180_000);
    expect(count("clip_download/timeline")).toBe(offline);
  });

  it("goes on after a lost connection with what it missed", async () => {
    const { store, backEnd, count } = await start();
    backEnd.disconnect();
    expect(store.isOnline).toBe(false);
    expect(store.cameras).toHaveLength(3);
    const before = count("clip_download/clips/list");
    backEnd.reconnect();
    await vi.advanceTimersByTimeAsync(200);
    expect(store.isOnline).toBe(true);
    expect(count("clip_download/clips/list")).toBe(before + 1);
  });
});

describe("saving", () => {
  it("asks for the window, shows its job, then its clip", async () => {
    const { store, backEnd } = await start();
    const clips = store.clips.length;
    const window = { start: NOON - 3_600_000, end: NOON - 3_540_000 };
    expect(await store.save(["camera.driveway"], window, "parcel")).toBe(true);
    expect(backEnd.asked.find((one) => one.type === "save_clip")).toEqual({
      type: "save_clip",
      start: "2026-11-21T19:00:00.000Z",
      end: "2026-11-21T19:01:00.000Z",
      label: "parcel",
      wait: false,
      entity_ids: ["camera.driveway"],
    });
    const job = store.jobs.find((one) => one.label === "parcel" && one.entity_id === "camera.driveway");
    expect(job?.state).toBe("queued");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.jobs.find((one) => one.id === job?.id)?.state).toBe("saved");
    expect(store.clips.length).toBeGreaterThan(clips);
    expect(store.timelines.get("camera.driveway")?.clips.some((clip) => clip.label === "parcel")).toBe(true);
  });

  it("lists of many saved jobs the newest", async () => {
    const { store } = await start();
    for (let minute = 1; minute <= 5; minute++) {
      const end = NOON - minute * 3_600_000;
      await store.save(["camera.driveway"], { start: end - 10_000, end }, `number ${String(minute)}`);
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    const saved = store.jobs.filter((job) => job.state === "saved").map((job) => job.label);
    expect(saved).toEqual(["number 5", "number 4", "number 3"]);
    expect(store.jobs.some((job) => job.state === "failed")).toBe(true);
  });

  it("tells a refusal", async () => {
    const { store, backEnd } = await start();
    backEnd.hass.callService = () => Promise.reject(new Error("Choose a time that has begun."));
    expect(await store.save(["camera.driveway"], { start: 0, end: 1000 }, "")).toBe(false);
    expect(store.notice).toBe("Choose a time that has begun.");
  });

  it("cancels, tries again, and hides what has ended", async () => {
    const { store } = await start();
    const running = store.jobs.find((job) => job.state === "waiting")!;
    store.dismiss(running.id);
    expect(store.jobs).toContain(running);
    await Promise.all([store.cancel(running.id), vi.advanceTimersByTimeAsync(100)]);
    expect(store.jobs.find((job) => job.id === running.id)?.state).toBe("cancelled");
    store.dismiss(running.id);
    expect(store.jobs.some((job) => job.id === running.id)).toBe(false);
    const failed = store.jobs.find((job) => job.state === "failed")!;
    await Promise.all([store.retry(failed.id), vi.advanceTimersByTimeAsync(100)]);
    expect(store.jobs.some((job) => job.id === failed.id)).toBe(false);
    expect(store.jobs.some((job) => job.state === "queued" || job.state === "fetching")).toBe(true);
  });
});

describe("clips", () => {
  it("are kept and labelled, all at once", async () => {
    const { store, count } = await start();
    const clips = store.clips.slice(0, 9);
    const ids = clips.map((clip) => clip.id);
    await Promise.all([store.keep(clips, true), vi.advanceTimersByTimeAsync(100)]);
    await Promise.all([store.label(clips, "thief"), vi.advanceTimersByTimeAsync(100)]);
    for (const clip of store.clips.filter((one) => ids.includes(one.id))) {
      expect(clip).toMatchObject({ kept: true, label: "thief" });
    }
    expect([count("clip_download/clip/keep"), count("clip_download/clip/label")]).toEqual([1, 1]);
    await Promise.all([store.keep(clips.slice(0, 0), true), vi.advanceTimersByTimeAsync(100)]);
    expect(count("clip_download/clip/keep")).toBe(1);
  });

  it("are deleted when the notice has gone, not before", async () => {
    const { store, count } = await start();
    const clip = store.clips.find((one) => !one.kept)!;
    store.delete([clip]);
    expect(bin.has(clip.id)).toBe(true);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 100);
    expect(count("clip_download/clip/delete")).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(count("clip_download/clip/delete")).toBe(1);
    expect(store.clips.some((one) => one.id === clip.id)).toBe(false);
  });

  it("stay if they are kept, which is told at once", async () => {
    const { store, count } = await start();
    const [clip, other] = store.clips.filter((one) => !one.kept) as [Clip, Clip];
    await Promise.all([store.keep([clip], true), vi.advanceTimersByTimeAsync(100)]);
    const kept = store.clips.find((one) => one.id === clip.id)!;
    store.delete([kept, other]);
    expect(store.notice).toContain("kept");
    expect([bin.has(clip.id), bin.has(other.id)]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
    expect(count("clip_download/clip/delete")).toBe(1);
    expect(store.clips.some((one) => one.id === clip.id)).toBe(true);
  });

  it("stay if that is undone", async () => {
    const { store, count } = await start();
    const clip = store.clips.find((one) => !one.kept)!;
    store.delete([clip]);
    bin.undo();
    await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
    expect(count("clip_download/clip/delete")).toBe(0);
    expect(store.clips).toContain(clip);
  });

  it("are deleted one after the other, the earlier one when the next notice comes", async () => {
    const { store, backEnd } = await start();
    const [first, second] = store.clips.filter((one) => !one.kept) as [Clip, Clip];
    store.delete([first]);
    store.delete([second]);
    await vi.advanceTimersByTimeAsync(UNDO_MS + 200);
    const asked = backEnd.asked.filter((one) => one.type === "clip_download/clip/delete");
    expect(asked.map((one) => one["clip_ids"])).toEqual([[first.id], [second.id]]);
  });

  it("are still there, and that is told, if they cannot be deleted", async () => {
    const { store, backEnd } = await start();
    const clip = store.clips.find((one) => !one.kept)!;
    backEnd.hass.callWS = () => Promise.reject(new Error("The disk is read-only."));
    store.delete([clip]);
    await vi.advanceTimersByTimeAsync(UNDO_MS + 200);
    expect(store.notice).toBe("The disk is read-only.");
    expect(store.clips).toContain(clip);
    expect(bin.has(clip.id)).toBe(false);
  });

  it("are said to be kept if they are, and in the user's language", async () => {
    const { store, backEnd } = await start();
    const clip = store.clips.find((one) => !one.kept)!;
    backEnd.hass.callWS = <T>() => Promise.resolve({ deleted: [], spared: [{ clip_id: clip.id, reason: "kept" }] } as T);
    store.delete([clip]);
    await vi.advanceTimersByTimeAsync(UNDO_MS + 200);
    expect(store.notice).toBe("Not deleted: the clip is kept. Release it first.");
    const refusal = { code: "x", message: "No.", translation_domain: "clip_download", translation_key: "no" };
    backEnd.hass.localize = (key) => (key === "component.clip_download.exceptions.no.message" ? "Nein." : "");
    expect(words(refusal, backEnd.hass)).toBe("Nein.");
    expect(words({ ...refusal, translation_key: "other" }, backEnd.hass)).toBe("No.");
    expect(words("down")).toBe("down");
  });

  it("are still about to be deleted for who comes back within the time of the notice", async () => {
    const { store, count } = await start();
    store.delete(store.clips.filter((one) => !one.kept).slice(0, 1));
    store.hostDisconnected();
    await vi.advanceTimersByTimeAsync(1000);
    store.hostConnected();
    expect(bin.clips).toHaveLength(1);
    expect(store.showsBin).toBe(true);
    bin.undo();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(count("clip_download/clip/delete")).toBe(0);
  });
});

describe("the list of clips", () => {
  const filterOf = (backEnd: MockBackEnd) => {
    const { type, limit, ...query } = backEnd.asked.filter((one) => one.type === "clip_download/clips/list").at(-1)!;
    expect([type, limit]).toEqual(["clip_download/clips/list", 40]);
    return query;
  };

  it("is filtered by the back end, and by what comes new", async () => {
    const { store, backEnd } = await start();
    expect(store.filters.labels).toContain("parcel");
    const ofDay = store.clips.length;
    const filter = { ...NO_FILTER, allDays: true, kept: true, camera: "camera.driveway" };
    store.setFilter(filter);
    await vi.advanceTimersByTimeAsync(100);
    expect(filterOf(backEnd)).toEqual({ entity_ids: ["camera.driveway"], kept: true });
    expect(store.clips.length).toBeGreaterThan(0);
    expect(store.clips.every((clip) => clip.kept && clip.entity_id === "camera.driveway")).toBe(true);
    const before = store.clips.length;
    const window = { start: NOON - 3_600_000, end: NOON - 3_540_000 };
    await store.save(["camera.driveway"], window, "");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.clips).toHaveLength(before);
    store.setFilter({ ...NO_FILTER, query: "parcel", partial: true });
    await vi.advanceTimersByTimeAsync(100);
    expect(filterOf(backEnd)).toMatchObject({ query: "parcel", status: "partial", start: expect.any(String) as string });
    store.setFilter(NO_FILTER);
    await vi.advanceTimersByTimeAsync(100);
    expect(store.clips).toHaveLength(ofDay + 1);
  });

  it("does not hold a clip that is opened by a link", async () => {
    const { store, backEnd } = await start();
    const listed = store.clips.map((clip) => clip.id);
    const { clips } = await Promise.all([
      backEnd.hass.callWS<{ clips: Clip[] }>({ type: "clip_download/clips/list" }),
      vi.advanceTimersByTimeAsync(100),
    ]).then(([page]) => page);
    const other = clips.find((clip) => !listed.includes(clip.id))!;
    await Promise.all([store.open(other.id), vi.advanceTimersByTimeAsync(100)]);
    expect(store.opened?.id).toBe(other.id);
    await Promise.all([store.keep([other], !other.kept), vi.advanceTimersByTimeAsync(100)]);
    expect(store.opened?.kept).toBe(!other.kept);
    expect(store.clips.map((clip) => clip.id)).toEqual(listed);
    store.delete([other]);
    expect(store.opened).toBeNull();
    await Promise.all([store.open("nowhere"), vi.advanceTimersByTimeAsync(100)]);
    expect([store.opened, store.notice]).toEqual([null, "There is no such clip."]);
  });
});

describe("copies", () => {
  it("are told of the clips that are listed, and of no others", async () => {
    const { store, backEnd } = await start();
    const [clip, other] = store.clips as [Clip, Clip];
    await store.open(clip.id);
    const listed = store.clips.length;
    const copies = [{ place: "S3 other", copied_at: new Date(NOON).toISOString() }];
    backEnd.copy(clip.id, copies);
    backEnd.copy("of another day", copies);
    expect(store.clips.find((one) => one.id === clip.id)?.copies).toEqual(copies);
    expect(store.clips.find((one) => one.id === other.id)?.copies).toEqual(other.copies);
    expect(store.opened?.copies).toEqual(copies);
    expect(store.clips).toHaveLength(listed);
  });

  it("bring a clip home when it is opened, and tell how far it is", async () => {
    const { store, backEnd, count } = await start();
    const [{ id }] = store.clips as [Clip];
    backEnd.loseFile(id);
    await store.open(id);
    expect(store.bringing).toEqual({ clipId: id, done: 0, size: null, failure: "" });
    await vi.advanceTimersByTimeAsync(1000);
    const { done, size } = store.bringing ?? {};
    expect([Number(done) > 0, Number(done) < Number(size)]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(store.bringing).toBeNull();
    expect([store.opened?.id, store.opened?.away]).toEqual([id, false]);
    expect(store.clips.find((one) => one.id === id)?.away).toBe(false);
    store.close();
    await store.open(id);
    expect(count("clip_download/clip/fetch")).toBe(1);
  });

  it("say why a clip cannot come, and can be asked again", async () => {
    const { store, backEnd } = await start();
    const [clip] = store.clips as [Clip];
    backEnd.loseFile(clip.id);
    backEnd.unreachable = "S3 clips cannot be reached.";
    await store.open(clip.id);
    await vi.advanceTimersByTimeAsync(500);
    expect(store.bringing?.failure).toBe("S3 clips cannot be reached.");
    backEnd.unreachable = "";
    void store.bring(clip);
    await vi.advanceTimersByTimeAsync(3000);
    expect([store.bringing, store.opened?.away]).toEqual([null, false]);
  });

  it("are of no interest once another clip is opened", async () => {
    const { store, backEnd } = await start();
    const [clip, other] = store.clips as [Clip, Clip];
    backEnd.loseFile(clip.id);
    await store.open(clip.id);
    await vi.advanceTimersByTimeAsync(500);
    await store.open(other.id);
    expect(store.bringing).toBeNull();
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.opened?.id).toBe(other.id);
  });
});

describe("packing", () => {
  it("tells how far it is, and ends with a file", async () => {
    const { store } = await start();
    await store.pack(store.clips.slice(0, 2));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(store.packing).toMatchObject({ count: 2, url: null });
    expect(store.packing?.done).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(store.packing).toMatchObject({ name: "clips.zip" });
    store.stopPacking();
    expect(store.packing).toBeNull();
  });

  it("can be stopped, and tells why it failed", async () => {
    const { store, backEnd } = await start();
    const unsubscribe = vi.fn();
    let send: (message: unknown) => void = () => undefined;
    backEnd.hass.connection.subscribeMessage = (listener) => {
      send = listener as typeof send;
      return Promise.resolve(unsubscribe);
    };
    await store.pack(store.clips);
    store.stopPacking();
    await vi.advanceTimersByTimeAsync(1);
    expect(unsubscribe).toHaveBeenCalledTimes(1);
    send({ done_bytes: 1, size_bytes: 2 });
    expect(store.packing).toBeNull();
    await store.pack(store.clips);
    send({ error: { key: "disk_full", message: "The disk is full." } });
    expect([store.packing, store.notice]).toEqual([null, "The disk is full."]);
    backEnd.hass.connection.subscribeMessage = () => Promise.reject(new Error("No."));
    await store.pack(store.clips);
    expect([store.packing, store.notice]).toEqual([null, "No."]);
  });
});
