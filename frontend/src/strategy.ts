import { fetchCameras } from "./api";
import type { CardConfig } from "./clip-download-card";
import { localizeFor } from "./localize";
import type { Camera, HomeAssistant } from "./types";

interface View {
  title: string;
  path: string;
  type: "panel";
  cards: CardConfig[];
}

// Without an icon its tab has its name.
const view = (title: string, path: string, entities?: string[]): View => ({
  title,
  path,
  type: "panel",
  cards: [{ type: "custom:clip-download-card", ...(entities && { entities }) }],
});

/** A dashboard that makes itself: all cameras together, then a view for each. */
export class ClipDownloadDashboardStrategy extends HTMLElement {
  static async generate(_config: unknown, hass: HomeAssistant): Promise<{ title: string; views: View[] }> {
    const localize = localizeFor(hass.locale.language);
    let cameras: Camera[] = [];
    try {
      cameras = await fetchCameras(hass);
    } catch {
      // The card itself says what is wrong, and tries again.
    }
    const all = view(localize("cameras"), "all");
    const each = cameras.map((camera) =>
      view(camera.name, camera.entity_id.replace("camera.", "camera-"), [camera.entity_id]),
    );
    return { title: localize("strategy.name"), views: each.length === 1 ? each : [all, ...each] };
  }
}
