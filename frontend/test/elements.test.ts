import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { HOSTILE, MockBackEnd, type MockOptions } from "../dev/mock";
import { checkConfig, ClipDownloadCard } from "../src/clip-download-card";
import { ClipDownloadPanel } from "../src/clip-download-panel";
import { ClipDownloadDashboardStrategy } from "../src/strategy";
import { dayAt } from "../src/time";
import type { ClipDownloadTimeline } from "../src/timeline/clip-download-timeline";
import type { ClipDownloadClips } from "../src/clip-download-clips";
import type { ClipDownloadJobs } from "../src/clip-download-jobs";
import type { Clip, Job, JobState } from "../src/types";
import type { Selection } from "../src/timeline/selection";
import "../src/main";

// How long something may take on a slow machine.
const PATIENCE = { timeout: 30_000 };

const options: MockOptions = {
  zone: "UTC",
  language: "en",
  timeFormat: "24",
  dark: false,
  state: "",
  events: 40,
};

/** The elements below one, through all shadow roots. */
const all = (root: ParentNode): Element[] =>
  [...root.querySelectorAll("*")].flatMap((one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);

const find = <T extends Element>(root: ParentNode, selector: string): T => {
  const found = all(root).find((one) => one.matches(selector));
  if (!found) throw new Error(`There is no ${selector}`);
  return found as T;
};

const button = (label: string): HTMLButtonElement => {
  const found = all(document.body).find(
    (one) =>
      one.localName === "button" &&
      (one.getAttribute("aria-label") ?? one.textContent).replace(/\s+/g, " ").trim().startsWith(label),
  );
  if (!found) throw new Error(`There is no button ${label}`);
  return found as HTMLButtonElement;
};

const showPanel = async (more: Partial<MockOptions> = {}) => {
  const backEnd = new MockBackEnd({ ...options, ...more });
  const panel = new ClipDownloadPanel();
  panel.hass = backEnd.hass;
  document.body.append(panel);
  await until(() => {
    const view = find(document.body, "clip-download-view");
    if (view.shadowRoot?.querySelector(".bones")) throw new Error("still loading");
    if (!more.state && !find(document.body, "clip-download-clips").shadowRoot?.querySelector(".card")) {
      throw new Error("no clips yet");
    }
  });
  return { backEnd, panel, view: find(document.body, "clip-download-view") };
};

/** Wait until something is so, and return what it is. */
const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, PATIENCE);

/** Click something as soon as it is there. */
const click = async (of: () => HTMLElement): Promise<void> => (await until(of)).click();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-21T20:00:00Z") });
});

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
  localStorage.clear();
});

describe("the panel", () => {
  it("shows a name as text, whatever is in it", async () => {
    await showPanel();
    const pictures = all(document.body).filter((one) => one.localName === "img");
    expect(pictures.some((one) => one.getAttribute("src") === "x")).toBe(false);
    expect(all(document.body).some((one) => one.textContent === HOSTILE)).toBe(true);
  });

  it("saves the window that is selected, of the cameras that are ticked", async () => {
    const { backEnd } = await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const end = Math.floor(Date.now() / 1000) * 1000;
    const detail: Selection = { start: timeline.bounds.start, end, entityIds: ["camera.driveway"] };
    timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    const tick = await until(() => find<HTMLInputElement>(document.body, "clip-download-save .tick input, .tick input"));
    tick.click();
    await until(() => expect(timeline.selection?.entityIds).toHaveLength(2));
    button("Save").click();
    await until(() =>
      expect(backEnd.asked.at(-1)).toMatchObject({
        type: "save_clip",
        start: new Date(detail.start).toISOString(),
        end: new Date(end).toISOString(),
        entity_ids: ["camera.front_door", "camera.driveway"],
      }),
    );
    await until(() => expect(timeline.selection).toBeNull());
  });

  it("moves edges by ten seconds, and takes typed times", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const { start } = timeline.bounds;
    const select = (from: number, to: number): void => {
      const detail: Selection = { start: start + from, end: start + to, entityIds: ["camera.driveway"] };
      timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    };
    const selected = (from: number, to: number): Promise<void> =>
      until(() => expect(timeline.selection).toMatchObject({ start: start + from, end: start + to }));
    select(0, 30_000);
    await click(() => button("Start 10 seconds later"));
    await selected(10_000, 30_000);
    button("End 10 seconds earlier").click();
    await selected(10_000, 20_000);
    const input = find<HTMLInputElement>(document.body, ".edge input");
    const type = (text: string): void => {
      input.value = text;
      input.dispatchEvent(new Event("change"));
    };
    type("00:00:05");
    await selected(5_000, 20_000);
    type("nonsense");
    await until(() => expect(input.getAttribute("aria-invalid")).toBe("true"));
    expect(timeline.selection?.start).toBe(start + 5_000);
  });

  it("extends a saved clip that is overlapped, and follows the job in its place", async () => {
    const { backEnd } = await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const row = timeline.rows.find((one) => one.anyWindow && one.clips.length);
    const saved = row?.clips[0];
    if (!row || !saved) throw new Error("There is no clip of any window");
    const detail: Selection = { start: saved.start - 20_000, end: saved.start + 10_000, entityIds: [row.entityId] };
    timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    await until(() => expect(all(document.body).filter((one) => one.localName === "clip-download-shot")).toHaveLength(2));
    button("Extend to").click();
    await until(() => {
      expect(backEnd.asked.at(-1)).toMatchObject({
        type: "save_clip",
        start: new Date(detail.start).toISOString(),
        end: saved.clip.end,
        entity_ids: [row.entityId],
      });
      find(document.body, "clip-download-job");
    });
  });

  it("offers the nearest recording where nothing was recorded", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const row = timeline.rows.find((one) => !one.anyWindow);
    const failed = row?.jobs.find((one) => one.failed);
    if (!row || !failed) throw new Error("There is no failed job");
    Object.assign(timeline, { _opened: failed.job.id });
    const { bounds } = timeline;
    await until(() => find(document.body, "clip-download-job"));
    timeline.bounds = { start: bounds.start - 24 * 3_600_000, end: bounds.start };
    await until(() => expect(() => find(document.body, "clip-download-job")).toThrow());
    timeline.bounds = bounds;
    await click(() => button("Nearest recording"));
    await until(() => expect(timeline.selection).not.toBeNull());
    const { start, end } = timeline.selection ?? {};
    expect(row.events.some((mark) => mark.start === start && mark.end === end)).toBe(true);
    await until(() => expect(() => find(document.body, "clip-download-job")).toThrow());
  });

  it("has sliders that keys move", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const { start } = timeline.bounds;
    const detail: Selection = { start, end: start + 60_000, entityIds: ["camera.driveway"] };
    timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    await until(() => expect(timeline.selection).not.toBeNull());
    const handle = find<HTMLElement>(document.body, ".handle.start");
    expect(handle.getAttribute("role")).toBe("slider");
    const press = (key: string) => handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    press("ArrowRight");
    await until(() => expect(timeline.selection?.start).toBe(start + 10_000));
    await until(() => expect(handle.getAttribute("aria-valuetext")).toBe("00:00:10, time range of 50 seconds"));
    press("Home");
    await until(() => expect(timeline.selection?.start).toBe(start));
    press("Escape");
    await until(() => expect(timeline.selection).toBeNull());
  });

  it("hides a clip that is about to be deleted, and brings it back", async () => {
    const { backEnd } = await showPanel();
    const cards = () => all(document.body).filter((one) => one.matches("button.card"));
    const count = cards().length;
    (cards()[0] as HTMLButtonElement).click();
    await click(() => button("Delete"));
    await until(() => expect(cards()).toHaveLength(count - 1));
    await click(() => button("Undo"));
    await until(() => expect(cards()).toHaveLength(count));
    expect(backEnd.asked.some((one) => one.type === "clip_download/clip/delete")).toBe(false);
  });

  it("selects clips with the mouse, the keys and a long press, and does something with all of them", async () => {
    const { backEnd } = await showPanel();
    const cards = () => all(document.body).filter((one): one is HTMLButtonElement => one.matches("button.card"));
    const selected = () => cards().flatMap((card, index) => (card.getAttribute("aria-pressed") === "true" ? [index] : []));
    const areSelected = (...indexes: number[]): Promise<void> => until(() => expect(selected()).toEqual(indexes));
    cards()[0]!.dispatchEvent(new MouseEvent("click", { ctrlKey: true, bubbles: true }));
    await areSelected(0);
    cards()[2]!.dispatchEvent(new MouseEvent("click", { shiftKey: true, bubbles: true }));
    await areSelected(0, 1, 2);
    cards()[2]!.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", shiftKey: true, bubbles: true }));
    await areSelected(0, 1, 2, 3);
    cards()[1]!.click();
    await areSelected(0, 2, 3);
    cards()[0]!.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await areSelected();
    cards()[1]!.dispatchEvent(new PointerEvent("pointerdown", { pointerType: "touch", bubbles: true }));
    await areSelected(1);
    // The click that ends the long press.
    cards()[1]!.click();
    await find<ClipDownloadClips>(document.body, "clip-download-clips").updateComplete;
    expect(selected()).toEqual([1]);
    button("Download as ZIP").click();
    const exported = { type: "clip_download/export", clip_ids: [cards()[1]!.dataset["clip"]] };
    await until(() => expect(backEnd.asked).toContainEqual(expect.objectContaining(exported)));
    await areSelected();
  });

  it("shows of what went well the latest jobs only, until it is asked for all or none", async () => {
    await showPanel();
    const list = find<ClipDownloadJobs>(document.body, "clip-download-jobs");
    const job = list.jobs[0]!;
    const states: JobState[] = ["saved", "failed", "saved", "cancelled", "saved", "waiting", "saved"];
    list.jobs = states.map((state, index) => ({ ...job, id: `other-${String(index)}`, state }));
    const shown = () => [...list.renderRoot.querySelectorAll("li")].map((one) => one.className);
    await list.updateComplete;
    expect(shown()).toEqual(["saved", "failed", "saved", "cancelled", "waiting"]);
    button("Show 2 more").click();
    await list.updateComplete;
    expect(shown()).toEqual(states);
    const dismissed: string[] = [];
    list.addEventListener("dismiss", (event) => dismissed.push((event as CustomEvent<Job>).detail.id));
    button("Hide finished clips").click();
    expect(dismissed).toEqual(["other-0", "other-2", "other-3", "other-4", "other-6"]);
  });

  it("shows how far an account is with past recordings, and ends that", async () => {
    const { backEnd } = await showPanel();
    const list = find<ClipDownloadJobs>(document.body, "clip-download-jobs");
    const one = { account_id: "ring", account: "Ring", done: 120, total: 480, left_s: 7300, reason: null };
    backEnd.fetchPast([one]);
    const how = (text: string): Promise<void> =>
      until(() => expect(list.renderRoot.querySelector("li .how")?.textContent).toBe(text));
    await how("120 of 480 · about 2 hr left");
    expect(list.renderRoot.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("25");
    backEnd.fetchPast([{ ...one, total: 0, done: 0, left_s: null }]);
    await how("Reading the list in the cloud");
    button("Cancel: Downloading past recordings, Ring").click();
    await until(() => expect(list.backFills).toEqual([]));
    expect(backEnd.asked.at(-1)).toMatchObject({ type: "clip_download/back_fill/cancel", account_id: "ring" });
  });

  it("has a cloud on each clip that is copied, and brings home what is off-site only", async () => {
    const { backEnd } = await showPanel();
    backEnd.play("data:video/mp4,");
    const list = find<ClipDownloadClips>(document.body, "clip-download-clips");
    const card = (id: string) => find<HTMLElement>(document.body, `.card[data-clip="${id}"]`);
    const clouds = (id: string) => [...card(id).querySelectorAll(".mark")].map((one) => one.textContent.trim());
    const [{ id }] = list.clips as [Clip];
    await backEnd.hass.callWS({ type: "clip_download/clip/keep", clip_ids: [id], kept: false });
    backEnd.copy(id, []);
    await until(() => expect(clouds(id).filter((one) => one !== "Kept")).toEqual([]));
    card(id).click();
    const player = await until(() => find<HTMLElement>(document.body, "clip-download-player"));
    const about = () => player.shadowRoot!.querySelector(".about")!.textContent;
    expect(about()).not.toContain("opied");
    backEnd.copy(id, [{ place: "S3 a", copied_at: null }]);
    await until(() => expect(about()).toContain("Waiting to be copied to S3 a"));
    expect(clouds(id).filter((one) => one !== "Kept")).toEqual([]);
    backEnd.copy(id, [{ place: HOSTILE, copied_at: "2026-11-21T12:00:00Z" }]);
    await until(() => expect(about()).toContain(`Copied to ${HOSTILE} on Sat, Nov 21, 2026`));
    expect(clouds(id)).toContain("Copied off-site");

    // Its file is gone, which nobody knew: it comes without being asked for.
    player.shadowRoot!.querySelector("video")!.dispatchEvent(new Event("error"));
    const status = () => player.shadowRoot!.querySelector(".stage")!.textContent;
    await until(() => expect(status()).toContain("Fetching the clip from off-site"));
    await until(() => expect(player.shadowRoot!.querySelector("video")).not.toBeNull());
    // Only once: what cannot be played here cannot be played any better.
    player.shadowRoot!.querySelector("video")!.dispatchEvent(new Event("error"));
    await until(() => expect(status()).toContain("cannot be played here"));
    expect(backEnd.asked.filter((one) => one.type === "clip_download/clip/fetch")).toHaveLength(1);
    button("Close player").click();

    backEnd.loseFile(id);
    backEnd.unreachable = "S3 a cannot be reached.";
    await until(() => expect(clouds(id)).toContain("Off-site only"));
    expect(card(id).parentElement!.querySelector(".check")).toBeNull();
    card(id).click();
    await until(() => expect(find(document.body, ".stage [role=alert]").textContent).toBe("S3 a cannot be reached."));
    expect(find(document.body, "clip-download-player").shadowRoot!.querySelectorAll(".actions button")).toHaveLength(1);
    backEnd.unreachable = "";
    find<HTMLElement>(document.body, ".coming button").click();
    await until(() => find(document.body, "video"));
    expect(clouds(id)).toContain("Copied off-site");
    button("Close player").click();
    await until(() => expect(() => find(document.body, "clip-download-player")).toThrow());
  });

  it("shares a clip, copies the link, and revokes it", async () => {
    const copied: string[] = [];
    vi.spyOn(navigator.clipboard, "writeText").mockImplementation((text) => Promise.resolve(void copied.push(text)));
    const { backEnd } = await showPanel();
    find<HTMLButtonElement>(document.body, "button.card").click();
    await click(() => find<HTMLButtonElement>(document.body, 'button[aria-label="Share"]'));
    const longest = await until(() => find<HTMLInputElement>(document.body, ".lengths label:last-child input"));
    longest.dispatchEvent(new Event("change"));
    button("Create link").click();
    await until(() => expect(copied).toHaveLength(1));
    expect(copied[0]).toMatch(/^https:\/\/home\.example\/api\/clip_download\/share\//);
    expect(backEnd.asked.find((one) => one.type === "clip_download/share/create")).toMatchObject({ hours: 168 });
    button("Revoke").click();
    await until(() => expect(backEnd.asked.some((one) => one.type === "clip_download/share/revoke")).toBe(true));
    await until(() => expect(() => button("Revoke")).toThrow());
  });

  it("follows a link to a clip and to a moment, and tells what plays in its address", async () => {
    history.replaceState(null, "", "/clip-download?camera=camera.driveway&at=2026-11-21T05:00:00Z");
    const { backEnd } = await showPanel();
    const timeline = () => find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    await until(() => expect(timeline().selection?.entityIds).toEqual(["camera.driveway"]));
    expect(timeline().selection?.start).toBe(Date.parse("2026-11-21T04:59:30Z"));
    await until(() => expect(location.search).toBe(""));
    const { clips } = await backEnd.hass.callWS<{ clips: Clip[] }>({ type: "clip_download/clips/list" });
    const clip = clips.at(-1)!;
    history.pushState(null, "", `/clip-download?clip=${clip.id}`);
    window.dispatchEvent(new CustomEvent("location-changed"));
    await until(() => find(document.body, "clip-download-player"));
    await until(() => expect(timeline().bounds.start).toBe(dayAt(Date.parse(clip.start), "UTC").start));
    button("Close player").click();
    await until(() => expect(location.search).toBe(""));
  });

  it.each([
    ["empty", "No cameras yet"],
    ["no_rights", "No cameras to show"],
    ["missing", "Clip Download is not running"],
    ["failed", "The library cannot be opened"],
  ])("says it when it is %s", async (state, text) => {
    const { view } = await showPanel({ state });
    await until(() => expect(view.shadowRoot?.textContent).toContain(text));
  });

  it("says that the connection is lost, and saves nothing then", async () => {
    const { backEnd, view } = await showPanel();
    backEnd.disconnect();
    await until(() => expect(view.shadowRoot?.textContent).toContain("Connection lost"));
    backEnd.reconnect();
    await until(() => expect(view.shadowRoot?.textContent).not.toContain("Connection lost"));
  });
});

describe("the card", () => {
  it("refuses what is no configuration", () => {
    for (const config of [null, { entities: "camera.a" }, { entities: ["light.a"] }, { title: 1 }, { show_clips: "no" }]) {
      expect(() => checkConfig(config)).toThrow();
    }
    expect(() => checkConfig({ type: "custom:clip-download-card", entities: ["camera.a"] })).not.toThrow();
  });

  it("begins with one of our cameras, and is offered for them only", () => {
    const { hass } = new MockBackEnd(options);
    hass.entities = { ...hass.entities, "camera.other": { platform: "generic" } };
    expect(ClipDownloadCard.getStubConfig(hass)).toEqual({ entities: ["camera.front_door"] });
    document.documentElement.lang = "de";
    expect(window.customCards).toMatchObject([{ name: "Clip Download Zeitleiste" }]);
    document.documentElement.lang = "";
    const [card] = window.customCards as { getEntitySuggestion: (hass: unknown, entityId: string) => unknown }[];
    expect(card?.getEntitySuggestion(hass, "camera.driveway")).toMatchObject({
      config: { type: "custom:clip-download-card", entities: ["camera.driveway"] },
    });
    expect(card?.getEntitySuggestion(hass, "camera.other")).toBeNull();
  });

  it("writes down only what is not as it would be anyway", async () => {
    const editor = ClipDownloadCard.getConfigElement() as HTMLElement & { hass: unknown; setConfig(config: unknown): void };
    if (!customElements.get("ha-form")) customElements.define("ha-form", class extends HTMLElement {});
    editor.hass = new MockBackEnd(options).hass;
    editor.setConfig({ type: "custom:clip-download-card", entities: ["camera.front_door"] });
    document.body.append(editor);
    const form = await until(() => find(document.body, "ha-form"));
    const written: unknown[] = [];
    editor.addEventListener("config-changed", (event) => written.push((event as CustomEvent<unknown>).detail));
    const value = { type: "custom:clip-download-card", title: "", entities: [], show_clips: true, show_presets: false };
    form.dispatchEvent(new CustomEvent("value-changed", { detail: { value } }));
    expect(written).toEqual([{ config: { type: "custom:clip-download-card", show_presets: false } }]);
  });

  it("offers its cameras only", async () => {
    const card = new ClipDownloadCard();
    card.setConfig({ type: "custom:clip-download-card", entities: ["camera.driveway"] });
    card.hass = new MockBackEnd(options).hass;
    document.body.append(card);
    await until(() => find(document.body, "clip-download-timeline"));
    expect(find<ClipDownloadTimeline>(document.body, "clip-download-timeline").rows.map((row) => row.entityId)).toEqual([
      "camera.driveway",
    ]);
  });
});

describe("the card without clips", () => {
  it("plays what was saved in the panel", async () => {
    const card = new ClipDownloadCard();
    card.setConfig({ type: "custom:clip-download-card", entities: ["camera.front_door"], show_clips: false });
    card.hass = new MockBackEnd(options).hass;
    document.body.append(card);
    await until(() => find(document.body, "clip-download-jobs"));
    const detail = { clip_ids: ["clip-1"] } as Job;
    find(document.body, "clip-download-jobs").dispatchEvent(new CustomEvent("play", { detail }));
    await until(() => expect(location.pathname + location.search).toBe("/clip-download?clip=clip-1"));
    history.replaceState(null, "", "/");
  });
});

describe("the dashboard", () => {
  it("has a view for all cameras and one for each", async () => {
    const { hass } = new MockBackEnd(options);
    const { views } = await ClipDownloadDashboardStrategy.generate({}, hass);
    expect(views.map((view) => view.path)).toEqual(["all", "camera-front_door", "camera-driveway", "camera-back_yard"]);
    expect(views[3]).toMatchObject({ title: HOSTILE, cards: [{ entities: ["camera.back_yard"] }] });
  });

  it("has a card that says what is wrong when there is no back end", async () => {
    const { hass } = new MockBackEnd({ ...options, state: "missing" });
    const { views } = await ClipDownloadDashboardStrategy.generate({}, hass);
    expect(views).toHaveLength(1);
  });
});
