/* Charts: the table in the figure is the data; the picture is drawn from it. ECharts is loaded only
   by pages that hold a chart. Tooltips are drawn on the canvas: the content policy forbids the
   inline styles of ECharts' own. */

import { $, $$, arrived, debounced, on, onArrival, token } from "./dom.js";

let library;

function load(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

/* ---- reading the table ---- */

const toNumber = (text) => {
  const number = Number.parseFloat(String(text).replace(/[,¥%+\s]/g, "").replace("−", "-"));
  return Number.isNaN(number) ? null : number;
};

function read(figure) {
  const table = $("table", figure);
  const names = $$("thead th", table).map((head) => head.textContent.trim());
  const rows = $$("tbody tr", table).map((row) => Array.from(row.children));
  return {
    labels: rows.map((cells) => cells[0].textContent.trim()),
    series: names.slice(1).map((name, at) => ({
      name,
      values: rows.map((cells) => toNumber(cells[at + 1].dataset.v ?? cells[at + 1].textContent)),
    })),
  };
}

/* ---- what all charts share ---- */

function frame(data, figure) {
  const font = token("--q-font");
  const quiet = { color: token("--q-text-3"), fontSize: 12, fontFamily: font };
  const axis = {
    axisLine: { lineStyle: { color: token("--q-line-2") } },
    axisTick: { show: false },
    axisLabel: quiet,
    splitLine: { lineStyle: { color: token("--q-line") } },
  };
  // From zero, unless the figure says otherwise: an axis that starts elsewhere exaggerates.
  const floor = figure.dataset.min ?? "0";
  return {
    animation: false,
    textStyle: { fontFamily: font, color: token("--q-text-2") },
    color: ["--q-primary-text", "--q-teal", "--q-warn-fill", "--q-plum"].map(token),
    grid: { left: 8, right: 16, top: data.series.length > 1 ? 36 : 16, bottom: 4, containLabel: true },
    legend: {
      show: data.series.length > 1,
      top: 0,
      right: 0,
      itemWidth: 16,
      itemHeight: 3,
      icon: "rect",
      textStyle: { color: token("--q-text-2"), fontSize: 12 },
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: token("--q-surface"),
      borderColor: token("--q-line-2"),
      borderWidth: 1,
      textStyle: { color: token("--q-text"), fontSize: 13, fontFamily: font },
      valueFormatter: (value) => (value === null ? "—" : value.toLocaleString("en-US")),
    },
    xAxis: { type: "category", data: data.labels, ...axis, splitLine: { show: false } },
    yAxis: {
      type: "value",
      min: floor === "auto" ? undefined : Number(floor),
      scale: floor === "auto",
      ...axis,
      axisLine: { show: false },
    },
  };
}

const kinds = {
  /** Own data solid, comparisons dashed. */
  line(data, figure) {
    const base = frame(data, figure);
    return {
      ...base,
      xAxis: { ...base.xAxis, boundaryGap: false },
      series: data.series.map(({ name, values }, at) => ({
        name,
        type: "line",
        data: values,
        symbol: at ? "none" : "circle",
        symbolSize: 6,
        showSymbol: data.labels.length < 16,
        lineStyle: { width: at ? 1.5 : 2.25, type: at ? [5, 4] : "solid" },
      })),
    };
  },
  bars(data, figure) {
    return {
      ...frame(data, figure),
      series: data.series.map(({ name, values }) => ({
        name,
        type: "bar",
        data: values,
        barMaxWidth: 22,
        itemStyle: { borderRadius: [3, 3, 0, 0] },
      })),
    };
  },
};

async function draw(figure) {
  const make = kinds[figure.dataset.chart];
  if (!make) return;
  let echarts;
  try {
    echarts = await load(figure.dataset.echarts);
  } catch {
    return; // The table stands in.
  }
  if (!figure.isConnected) return;
  figure.classList.add("drawn");
  const plot = $(".plot", figure);
  if (!plot.clientWidth) return;
  const chart = echarts.getInstanceByDom(plot) ?? echarts.init(plot, null, { renderer: "canvas" });
  chart.resize();
  chart.setOption(make(read(figure), figure), true);
}

const drawAll = () => $$("figure.chart[data-chart]").forEach(draw);

onArrival((root) => arrived(root, "figure.chart[data-chart]").forEach(draw));
// Drawn by the server already; from now on the table steps back behind the picture.
onArrival((root) => arrived(root, "figure.chart[data-ready]").forEach((each) => each.classList.add("drawn")));
addEventListener("resize", debounced(drawAll, 120));
document.addEventListener("themechange", drawAll);

on("click", ".chart [data-as]", (event, button) => {
  const figure = button.closest(".chart");
  for (const each of $$("[data-as]", figure)) each.setAttribute("aria-pressed", String(each === button));
  figure.classList.toggle("as-table", button.dataset.as === "table");
  if (button.dataset.as === "plot") draw(figure);
});
