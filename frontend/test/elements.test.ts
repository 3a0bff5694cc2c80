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
  await vi.waitFor(() => {
    const view = find(document.body, "clip-download-view");
    if (view.shadowRoot?.querySelector(".bones")) throw new Error("still loading");
    if (!more.state && !find(document.body, "clip-download-clips").shadowRoot?.querySelector(".card")) {
      throw new Error("no clips yet");
    }
  }, PATIENCE);
  return { backEnd, panel, view: find(document.body, "clip-download-view") };
};

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

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
    await settle();
    find<HTMLInputElement>(document.body, "clip-download-save .tick input, .tick input").click();
    await settle();
    button("Save").click();
    await settle();
    expect(backEnd.asked.at(-1)).toMatchObject({
      type: "save_clip",
      start: new Date(detail.start).toISOString(),
      end: new Date(end).toISOString(),
      entity_ids: ["camera.front_door", "camera.driveway"],
    });
    expect(timeline.selection).toBeNull();
  });

  it("moves edges by ten seconds, and takes typed times", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const { start } = timeline.bounds;
    const select = (from: number, to: number): void => {
      const detail: Selection = { start: start + from, end: start + to, entityIds: ["camera.driveway"] };
      timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    };
    select(0, 30_000);
    await settle();
    button("Start 10 seconds later").click();
    await settle();
    button("End 10 seconds earlier").click();
    await settle();
    expect(timeline.selection).toMatchObject({ start: start + 10_000, end: start + 20_000 });
    const input = find<HTMLInputElement>(document.body, ".edge input");
    const type = async (text: string): Promise<void> => {
      input.value = text;
      input.dispatchEvent(new Event("change"));
      await settle();
    };
    await type("00:00:05");
    expect(timeline.selection?.start).toBe(start + 5_000);
    await type("nonsense");
    expect(timeline.selection?.start).toBe(start + 5_000);
    expect(input.getAttribute("aria-invalid")).toBe("true");
  });

  it("extends a saved clip that is overlapped, and follows the job in its place", async () => {
    const { backEnd } = await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const row = timeline.rows.find((one) => one.anyWindow && one.clips.length);
    const saved = row?.clips[0];
    if (!row || !saved) throw new Error("There is no clip of any window");
    const detail: Selection = { start: saved.start - 20_000, end: saved.start + 10_000, entityIds: [row.entityId] };
    timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    await settle();
    expect(all(document.body).filter((one) => one.localName === "clip-download-shot")).toHaveLength(2);
    button("Extend to").click();
    await vi.waitFor(() => {
      expect(backEnd.asked.at(-1)).toMatchObject({
        type: "save_clip",
        start: new Date(detail.start).toISOString(),
        end: saved.clip.end,
        entity_ids: [row.entityId],
      });
      find(document.body, "clip-download-job");
    }, PATIENCE);
  });

  it("offers the nearest recording where nothing was recorded", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const row = timeline.rows.find((one) => !one.anyWindow);
    const failed = row?.jobs.find((one) => one.failed);
    if (!row || !failed) throw new Error("There is no failed job");
    Object.assign(timeline, { _opened: failed.job.id });
    const { bounds } = timeline;
    timeline.bounds = { start: bounds.start - 24 * 3_600_000, end: bounds.start };
    await settle();
    expect(() => find(document.body, "clip-download-job")).toThrow();
    timeline.bounds = bounds;
    await settle();
    button("Nearest recording").click();
    await settle();
    const { start, end } = timeline.selection ?? {};
    expect(row.events.some((mark) => mark.start === start && mark.end === end)).toBe(true);
    expect(() => find(document.body, "clip-download-job")).toThrow();
  });

  it("has sliders that keys move", async () => {
    await showPanel();
    const timeline = find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    const { start } = timeline.bounds;
    const detail: Selection = { start, end: start + 60_000, entityIds: ["camera.driveway"] };
    timeline.dispatchEvent(new CustomEvent("selection-changed", { detail }));
    await settle();
    const handle = find<HTMLElement>(document.body, ".handle.start");
    expect(handle.getAttribute("role")).toBe("slider");
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    await settle();
    expect(timeline.selection?.start).toBe(start + 10_000);
    expect(handle.getAttribute("aria-valuetext")).toBe("00:00:10, time range of 50 seconds");
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
    await settle();
    expect(timeline.selection?.start).toBe(start);
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await settle();
    expect(timeline.selection).toBeNull();
  });

  it("hides a clip that is about to be deleted, and brings it back", async () => {
    const { backEnd } = await showPanel();
    const cards = () => all(document.body).filter((one) => one.matches("button.card"));
    const count = cards().length;
    (cards()[0] as HTMLButtonElement).click();
    await settle();
    button("Delete").click();
    await settle();
    expect(cards()).toHaveLength(count - 1);
    button("Undo").click();
    await settle();
    expect(cards()).toHaveLength(count);
    expect(backEnd.asked.some((one) => one.type === "clip_download/clip/delete")).toBe(false);
  });

  it("selects clips with the mouse, the keys and a long press, and does something with all of them", async () => {
    const { backEnd } = await showPanel();
    const cards = () => all(document.body).filter((one): one is HTMLButtonElement => one.matches("button.card"));
    const selected = () => cards().flatMap((card, index) => (card.getAttribute("aria-pressed") === "true" ? [index] : []));
    cards()[0]!.dispatchEvent(new MouseEvent("click", { ctrlKey: true, bubbles: true }));
    await settle();
    cards()[2]!.dispatchEvent(new MouseEvent("click", { shiftKey: true, bubbles: true }));
    await settle();
    expect(selected()).toEqual([0, 1, 2]);
    cards()[2]!.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", shiftKey: true, bubbles: true }));
    await settle();
    expect(selected()).toEqual([0, 1, 2, 3]);
    cards()[1]!.click();
    await settle();
    expect(selected()).toEqual([0, 2, 3]);
    cards()[0]!.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await settle();
    expect(selected()).toEqual([]);
    cards()[1]!.dispatchEvent(new PointerEvent("pointerdown", { pointerType: "touch", bubbles: true }));
    await vi.waitFor(() => expect(selected()).toEqual([1]), PATIENCE);
    cards()[1]!.click();
    await settle();
    expect(selected()).toEqual([1]);
    button("Download as ZIP").click();
    await settle();
    const asked = backEnd.asked.find((one) => one.type === "clip_download/export");
    expect(asked?.["clip_ids"]).toEqual([cards()[1]!.dataset["clip"]]);
    expect(selected()).toEqual([]);
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
    await settle();
    expect(list.renderRoot.querySelector("li .how")?.textContent).toBe("120 of 480 · about 2 hr left");
    expect(list.renderRoot.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("25");
    backEnd.fetchPast([{ ...one, total: 0, done: 0, left_s: null }]);
    await settle();
    expect(list.renderRoot.querySelector("li .how")?.textContent).toBe("Reading the list in the cloud");
    button("Cancel: Downloading past recordings, Ring").click();
    await vi.waitFor(() => expect(list.backFills).toEqual([]), PATIENCE);
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
    await settle();
    expect(clouds(id).filter((one) => one !== "Kept")).toEqual([]);
    card(id).click();
    const player = await vi.waitFor(() => find<HTMLElement>(document.body, "clip-download-player"), PATIENCE);
    const about = () => player.shadowRoot!.querySelector(".about")!.textContent;
    expect(about()).not.toContain("opied");
    backEnd.copy(id, [{ place: "S3 a", copied_at: null }]);
    await vi.waitFor(() => expect(about()).toContain("Waiting to be copied to S3 a"), PATIENCE);
    expect(clouds(id).filter((one) => one !== "Kept")).toEqual([]);
    backEnd.copy(id, [{ place: HOSTILE, copied_at: "2026-11-21T12:00:00Z" }]);
    await vi.waitFor(() => expect(about()).toContain(`Copied to ${HOSTILE} on Sat, Nov 21, 2026`), PATIENCE);
    expect(clouds(id)).toContain("Copied off-site");

    // Its file is gone, which nobody knew: it comes without being asked for.
    player.shadowRoot!.querySelector("video")!.dispatchEvent(new Event("error"));
    const status = () => player.shadowRoot!.querySelector(".stage")!.textContent;
    await vi.waitFor(() => expect(status()).toContain("Fetching the clip from off-site"), PATIENCE);
    await vi.waitFor(() => expect(player.shadowRoot!.querySelector("video")).not.toBeNull(), PATIENCE);
    // Only once: what cannot be played here cannot be played any better.
    player.shadowRoot!.querySelector("video")!.dispatchEvent(new Event("error"));
    await vi.waitFor(() => expect(status()).toContain("cannot be played here"), PATIENCE);
    expect(backEnd.asked.filter((one) => one.type === "clip_download/clip/fetch")).toHaveLength(1);
    button("Close player").click();

    backEnd.loseFile(id);
    backEnd.unreachable = "S3 a cannot be reached.";
    await vi.waitFor(() => expect(clouds(id)).toContain("Off-site only"), PATIENCE);
    expect(card(id).parentElement!.querySelector(".check")).toBeNull();
    card(id).click();
    await vi.waitFor(() => expect(find(document.body, ".stage [role=alert]").textContent).toBe("S3 a cannot be reached."), PATIENCE);
    expect(find(document.body, "clip-download-player").shadowRoot!.querySelectorAll(".actions button")).toHaveLength(1);
    backEnd.unreachable = "";
    find<HTMLElement>(document.body, ".coming button").click();
    await vi.waitFor(() => find(document.body, "video"), PATIENCE);
    expect(clouds(id)).toContain("Copied off-site");
    button("Close player").click();
    await settle();
  });

  it("shares a clip, copies the link, and revokes it", async () => {
    const copied: string[] = [];
    vi.spyOn(navigator.clipboard, "writeText").mockImplementation((text) => Promise.resolve(void copied.push(text)));
    const { backEnd } = await showPanel();
    find<HTMLButtonElement>(document.body, "button.card").click();
    await settle();
    find<HTMLButtonElement>(document.body, 'button[aria-label="Share"]').click();
    await settle();
    find<HTMLInputElement>(document.body, ".lengths label:last-child input").dispatchEvent(new Event("change"));
    button("Create link").click();
    await vi.waitFor(() => expect(copied).toHaveLength(1), PATIENCE);
    expect(copied[0]).toMatch(/^https:\/\/home\.example\/api\/clip_download\/share\//);
    expect(backEnd.asked.find((one) => one.type === "clip_download/share/create")).toMatchObject({ hours: 168 });
    button("Revoke").click();
    await vi.waitFor(() => expect(backEnd.asked.some((one) => one.type === "clip_download/share/revoke")).toBe(true), PATIENCE);
    await vi.waitFor(() => expect(() => button("Revoke")).toThrow(), PATIENCE);
  });

  it("follows a link to a clip and to a moment, and tells what plays in its address", async () => {
    history.replaceState(null, "", "/clip-download?camera=camera.driveway&at=2026-11-21T05:00:00Z");
    const { backEnd } = await showPanel();
    const timeline = () => find<ClipDownloadTimeline>(document.body, "clip-download-timeline");
    await vi.waitFor(() => expect(timeline().selection?.entityIds).toEqual(["camera.driveway"]), PATIENCE);
    expect(timeline().selection?.start).toBe(Date.parse("2026-11-21T04:59:30Z"));
    await vi.waitFor(() => expect(location.search).toBe(""), PATIENCE);
    const { clips } = await backEnd.hass.callWS<{ clips: Clip[] }>({ type: "clip_download/clips/list" });
    const clip = clips.at(-1)!;
    history.pushState(null, "", `/clip-download?clip=${clip.id}`);
    window.dispatchEvent(new CustomEvent("location-changed"));
    await vi.waitFor(() => find(document.body, "clip-download-player"), PATIENCE);
    await vi.waitFor(() => expect(timeline().bounds.start).toBe(dayAt(Date.parse(clip.start), "UTC").start), PATIENCE);
    button("Close player").click();
    await vi.waitFor(() => expect(location.search).toBe(""), PATIENCE);
  });

  it.each([
    ["empty", "No cameras yet"],
    ["no_rights", "No cameras to show"],
    ["missing", "Clip Download is not running"],
    ["failed", "The library cannot be opened"],
  ])("says it when it is %s", async (state, text) => {
    const { view } = await showPanel({ state });
    await vi.waitFor(() => expect(view.shadowRoot?.textContent).toContain(text), PATIENCE);
  });

  it("says that the connection is lost, and saves nothing then", async () => {
    const { backEnd, view } = await showPanel();
    backEnd.disconnect();
    await settle();
    expect(view.shadowRoot?.textContent).toContain("Connection lost");
    backEnd.reconnect();
    await settle();
    expect(view.shadowRoot?.textContent).not.toContain("Connection lost");
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
    await settle();
    const written: unknown[] = [];
    editor.addEventListener("config-changed", (event) => written.push((event as CustomEvent<unknown>).detail));
    const value = { type: "custom:clip-download-card", title: "", entities: [], show_clips: true, show_presets: false };
    find(document.body, "ha-form").dispatchEvent(new CustomEvent("value-changed", { detail: { value } }));
    expect(written).toEqual([{ config: { type: "custom:clip-download-card", show_presets: false } }]);
  });

  it("offers its cameras only", async () => {
    const card = new ClipDownloadCard();
    card.setConfig({ type: "custom:clip-download-card", entities: ["camera.driveway"] });
    card.hass = new MockBackEnd(options).hass;
    document.body.append(card);
    await vi.waitFor(() => find(document.body, "clip-download-timeline"), PATIENCE);
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
    await vi.waitFor(() => find(document.body, "clip-download-jobs"), PATIENCE);
    const detail = { clip_ids: ["clip-1"] } as Job;
    find(document.body, "clip-download-jobs").dispatchEvent(new CustomEvent("play", { detail }));
    await vi.waitFor(() => expect(location.pathname + location.search).toBe("/clip-download?clip=clip-1"), PATIENCE);
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
