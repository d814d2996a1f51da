"use strict";
/* Two lines over the days; drawn again when the width changes. */
(() => {
  const rows = JSON.parse(document.getElementById("time-data").textContent);
  if (!document.getElementById("charts")) return;
  const chosen = document.getElementById("chart-tool");
  const days = rows.map((row) => new Date(`${row.day}T00:00:00Z`));
  const edge = { top: 10, right: 24, bottom: 26, left: 44 };

  function draw(id, values, format, highest) {
    const svg = d3.select(id), { width, height } = svg.node().getBoundingClientRect();
    const x = d3.scaleUtc().domain(d3.extent(days)).range([edge.left + 8, width - edge.right]);
    const y = d3.scaleLinear().domain([0, highest]).nice().range([height - edge.bottom, edge.top]);
    const ticks = Math.max(2, Math.min(days.length, Math.floor(width / 90)));
    svg.selectAll("*").remove();
    svg.append("g").attr("transform", `translate(0,${height - edge.bottom})`)
      .call(d3.axisBottom(x).ticks(ticks).tickFormat(d3.utcFormat("%-d %b")).tickSizeOuter(0));
    svg.append("g").attr("transform", `translate(${edge.left},0)`)
      .call(d3.axisLeft(y).ticks(4).tickFormat(format).tickSize(edge.left + edge.right - width))
      .call((axis) => axis.select(".domain").remove());
    svg.append("path").attr("class", "series").datum(values).attr("d", d3.line().x((_, i) => x(days[i])).y(y));
    const points = svg.selectAll("circle").data(values).enter().append("circle").attr("class", "point")
      .attr("cx", (_, i) => x(days[i])).attr("cy", y).attr("r", days.length > 60 ? 0 : 3);
    points.append("title").text((value, i) => `${rows[i].day}: ${format(value)}`);
  }

  function drawAll() {
    const calls = rows.map((row) => row.model_calls / row.runs);
    const used = (row) => (chosen.value ? row.uses[chosen.value] || 0 : row.using);
    draw("#chart-use", rows.map((row) => used(row) / row.runs), d3.format(".0%"), 1);
    draw("#chart-calls", calls, d3.format(".3~g"), d3.max(calls) || 1);
  }

  document.querySelectorAll("#time [hidden].controls").forEach((part) => { part.hidden = false; });
  chosen.addEventListener("change", drawAll);
  addEventListener("resize", drawAll);
  drawAll();
})();
