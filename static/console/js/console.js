/* The console's behaviour. Each module listens on the document, so swapped-in content just works. */

import "./swaps.js";
import "./theme.js";
import "./fonts.js";
import "./nav.js";
import "./menus.js";
import "./dialogs.js";
import "./toasts.js";
import "./forms.js";
import "./confirm.js";
import "./picks.js";
import "./bulk.js";
import "./columns.js";
import "./palette.js";
import "./times.js";
import "./copying.js";
import "./forgetting.js";
import "./preview.js";
import "./charts.js";
import "./builder.js";
