import { fetchVersion } from "./api";
import type { HomeAssistant } from "./types";

declare const CLIP_DOWNLOAD_VERSION: string;

/** The integration's version that this bundle was built for. */
export const VERSION = CLIP_DOWNLOAD_VERSION;

const RELOADED = "clip-download-reloaded-for";

/** Whether a version comes after another: `1.10.0` after `1.9.2`, `1.0.0` after `1.0.0b1`. */
export const isNewer = (one: string, other: string): boolean => {
  const parts = (version: string): number[] => {
    const found = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(?:-|\.)?(a|b|rc|dev)[a-z.-]*(\d*))?/.exec(version);
    if (!found) return [];
    const stage = found[4] === undefined ? 4 : ["dev", "a", "b", "rc"].indexOf(found[4]);
    return [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0), stage, Number(found[5] ?? 0)];
  };
  const a = parts(one);
  const b = parts(other);
  const index = a.findIndex((part, at) => part !== b[at]);
  return index >= 0 && (a[index] ?? 0) > (b[index] ?? 0);
};

/** Load the page anew if the back end is newer than this bundle; once, or it would go on forever. */
export const reloadIfOlder = async (
  hass: HomeAssistant,
  own = VERSION,
  reload: () => void = () => location.reload(),
): Promise<void> => {
  let version: string | undefined;
  try {
    version = await fetchVersion(hass);
    if (version === undefined || !isNewer(version, own)) return;
    if (sessionStorage.getItem(RELOADED) === version) return;
    sessionStorage.setItem(RELOADED, version);
  } catch {
    // Without an answer, or without a place to remember it, there is no reload.
    return;
  }
  reload();
};
