import { ClipDownloadCard, ClipDownloadCardEditor, isOurCamera } from "./clip-download-card";
import { ClipDownloadClips } from "./clip-download-clips";
import { ClipDownloadDialog } from "./clip-download-dialog";
import { ClipDownloadFilters } from "./clip-download-filters";
import { ClipDownloadFootage } from "./clip-download-footage";
import { ClipDownloadHead } from "./clip-download-head";
import { ClipDownloadJobs } from "./clip-download-jobs";
import { ClipDownloadLabel } from "./clip-download-label";
import { ClipDownloadNotices } from "./clip-download-notices";
import { ClipDownloadPanel } from "./clip-download-panel";
import { ClipDownloadPlayer } from "./clip-download-player";
import { ClipDownloadSave } from "./clip-download-save";
import { ClipDownloadShare } from "./clip-download-share";
import { ClipDownloadView } from "./clip-download-view";
import { type Key, localizeFor } from "./localize";
import { ClipDownloadDashboardStrategy } from "./strategy";
import { ClipDownloadJob } from "./timeline/clip-download-job";
import { ClipDownloadShot } from "./timeline/clip-download-shot";
import { ClipDownloadTimeline } from "./timeline/clip-download-timeline";
import type { HomeAssistant } from "./types";

/** What is loaded with Home Assistant's pages: it names the elements, and tells dashboards of them. */

declare global {
  interface Window {
    customCards?: object[];
    customStrategies?: object[];
  }
}

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "clip-download-timeline": ClipDownloadTimeline,
  "clip-download-job": ClipDownloadJob,
  "clip-download-shot": ClipDownloadShot,
  "clip-download-save": ClipDownloadSave,
  "clip-download-jobs": ClipDownloadJobs,
  "clip-download-clips": ClipDownloadClips,
  "clip-download-footage": ClipDownloadFootage,
  "clip-download-head": ClipDownloadHead,
  "clip-download-notices": ClipDownloadNotices,
  "clip-download-dialog": ClipDownloadDialog,
  "clip-download-filters": ClipDownloadFilters,
  "clip-download-label": ClipDownloadLabel,
  "clip-download-player": ClipDownloadPlayer,
  "clip-download-share": ClipDownloadShare,
  "clip-download-view": ClipDownloadView,
  "clip-download-panel": ClipDownloadPanel,
  "clip-download-card": ClipDownloadCard,
  "clip-download-card-editor": ClipDownloadCardEditor,
  "ll-strategy-dashboard-clip-download": ClipDownloadDashboardStrategy,
};

const announce = (): void => {
  // The page knows the user's language later than this is loaded, so it is asked for when it is shown.
  const localize = (key: Key): string => localizeFor(document.documentElement.lang || "en")(key);
  (window.customCards ??= []).push({
    type: "clip-download-card",
    get name() {
      return localize("card.name");
    },
    get description() {
      return localize("description");
    },
    preview: false,
    getEntitySuggestion: (hass: HomeAssistant, entityId: string) =>
      isOurCamera(hass, entityId)
        ? {
            label: localizeFor(hass.locale.language)("card.suggestion"),
            config: { type: "custom:clip-download-card", entities: [entityId] },
          }
        : null,
  });
  (window.customStrategies ??= []).push({
    type: "clip-download",
    strategyType: "dashboard",
    get name() {
      return localize("strategy.name");
    },
    get description() {
      return localize("strategy.description");
    },
  });
};

// A page that has an older bundle as well keeps what it has: an element can be named only once.
if (!customElements.get("clip-download-card")) {
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
  announce();
}
