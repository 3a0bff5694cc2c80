import { beforeEach, describe, expect, it, vi } from "vitest";

import { layerClosed, layerGone, layerOpened, setAddress } from "../src/layers";

let states: unknown[] = [];
const goBack = (): void => {
  states.pop();
  window.dispatchEvent(new PopStateEvent("popstate", { state: states.at(-1) ?? null }));
};

// As a browser does: later, and with an event.
beforeEach(() => {
  states = [];
  vi.spyOn(history, "pushState").mockImplementation((state) => void states.push(state));
  vi.spyOn(history, "replaceState").mockImplementation(() => undefined);
  vi.spyOn(history, "back").mockImplementation(() => void setTimeout(goBack, 5));
});

const done = () =>
  vi.waitFor(() => expect(vi.mocked(history.replaceState).mock.calls.map((call) => call[2])).toContain("/done"), {
    timeout: 30_000,
  });

describe("going back", () => {
  it("closes what was opened last", async () => {
    const closed: string[] = [];
    layerOpened(() => closed.push("player"), "/clip-download?clip=1");
    layerOpened(() => closed.push("dialog"));
    await vi.waitFor(() => expect(history.pushState).toHaveBeenCalledTimes(2), { timeout: 30_000 });
    expect(vi.mocked(history.pushState).mock.calls[0]?.[2]).toBe("/clip-download?clip=1");
    // A dialog of Home Assistant's own, over ours.
    states.push({ dialog: "more-info" });
    goBack();
    expect(closed).toEqual([]);
    goBack();
    expect(closed).toEqual(["dialog"]);
    goBack();
    goBack();
    expect(closed).toEqual(["dialog", "player"]);
  });

  it("is done for what was closed otherwise, before anything else is opened", async () => {
    const close = vi.fn();
    const other = vi.fn();
    layerOpened(close);
    layerClosed(close);
    layerOpened(other);
    setAddress("/done");
    await done();
    expect(history.back).toHaveBeenCalledTimes(1);
    expect(vi.mocked(history.pushState).mock.invocationCallOrder[1]).toBeGreaterThan(
      vi.mocked(history.back).mock.invocationCallOrder[0] ?? 0,
    );
    expect(close).not.toHaveBeenCalled();
    expect(other).not.toHaveBeenCalled();
    goBack();
    expect(other).toHaveBeenCalledTimes(1);
  });

  it("is not done for a page that is left", async () => {
    const close = vi.fn();
    layerOpened(close);
    layerGone(close);
    layerClosed(close);
    setAddress("/done");
    await done();
    goBack();
    expect(history.back).not.toHaveBeenCalled();
    expect(close).not.toHaveBeenCalled();
  });
});
