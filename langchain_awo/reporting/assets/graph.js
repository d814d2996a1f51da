"use strict";
/* The workflow graph: places come with the page, D3 draws, moves and zooms. Text is only ever set as text. */
(() => {
  const BOX = { width: 214, height: 36, letter: 7.55, digit: 7.3 };
  const WIDEST = 22;
  const ZOOM = [0.02, 3];
  const READABLE = 0.78;
  const HEIGHT = [280, 560];
  const graphs = JSON.parse(document.getElementById("graph-data").textContent);
  const element = (id) => document.getElementById(id);
  const canvas = d3.select("#canvas");
  const world = canvas.append("g");
  const edgeLayer = world.append("g");
  const stateLayer = world.append("g");
  const motion = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const count = d3.format(",");
  const share = (part, whole) => (whole ? d3.format(".0%")(part / whole).replace("%", " %") : "—");
  const now = { graph: null, level: 0, places: new Map(), chosen: null, routine: "all" };

  const clipped = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
  const room = (total) => Math.floor((BOX.width - 44 - BOX.digit * total.length) / BOX.letter);
  const nodeOf = (number) => now.graph.nodes[number];
  const levelOf = () => now.graph.levels[now.level];

  function open(name) {
    now.graph = graphs[name];
    element("detail").max = now.graph.levels.length - 1;
    element("detail").disabled = now.graph.levels.length < 2;
    show(now.graph.opening);
    fit(false);
  }

  function show(level) {
    now.level = level;
    element("detail").value = level;
    const drawn = levelOf();
    now.places = new Map(drawn.nodes.map(([number, x, y]) => [number, { number, x, y }]));
    if (!now.places.has(now.chosen)) choose(null);
    const all = now.graph.states;
    const least = drawn.least > 1 ? `, ${count(drawn.least)}+ runs` : "";
    element("shown").textContent = `${count(drawn.nodes.length)} of ${count(all)} states${least}`;
    drawEdges(drawn);
    drawStates();
    highlight();
    search();
  }

  function drawStates() {
    const states = stateLayer.selectAll("g.state").data([...now.places.values()], (place) => place.number);
    states.exit().remove();
    const added = states.enter().append("g").attr("class", "state");
    added.append("title");
    added.append("rect").attr("class", "body").attr("width", BOX.width).attr("height", BOX.height).attr("rx", 7);
    added.append("rect").attr("class", "mark").attr("x", 9).attr("y", 13).attr("width", 8).attr("height", 8).attr("rx", 4);
    added.append("text").attr("class", "name").attr("x", 25).attr("y", BOX.height / 2);
    added.append("text").attr("class", "count").attr("x", BOX.width - 10).attr("y", BOX.height / 2);
    added.append("rect").attr("class", "ended").attr("x", 7).attr("y", BOX.height - 3).attr("height", 3).attr("rx", 1.5);
    added.on("click", (place) => choose(place.number));
    const every = added.merge(states);
    every.attr("transform", (place) => `translate(${place.x},${place.y - BOX.height / 2})`)
      .attr("data-state", (place) => place.number);
    every.each(function (place) {
      const node = nodeOf(place.number);
      const state = d3.select(this).attr("class", `state ${node.effect}`);
      const total = count(node.count);
      state.select("title").text(`${node.label}: ${total} executions, ${count(node.ended)} ended here`);
      state.select(".name").text(clipped(node.label, room(total)));
      state.select(".count").text(total);
      state.select(".ended").attr("width", node.count ? (BOX.width - 14) * Math.max(0, node.ended) / node.count : 0);
    });
  }

  function drawEdges(drawn) {
    const rows = drawn.edges.map(([number, ...bends]) => ({ number, bends, ...now.graph.edges[number] }));
    stack(rows);
    const edges = edgeLayer.selectAll("path.edge").data(rows, (edge) => edge.number);
    edges.exit().remove();
    const added = edges.enter().append("path").attr("class", "edge");
    added.append("title");
    const every = added.merge(edges);
    every.attr("d", line).attr("stroke-width", (edge) => Math.max(1.2, edge.width));
    every.attr("data-edge", (edge) => edge.number);
    every.select("title").text((edge) => `${edge.label}: ${count(edge.w)} of ${count(nodeOf(edge.s).count)}`);
  }

  /* Lines leave and reach a box side by side, in the order of where they come from and go to. */
  function stack(rows) {
    const scale = WIDEST / (d3.max(now.graph.nodes, (node) => node.count) || 1);
    rows.forEach((edge) => { edge.width = scale * edge.w; });
    const sides = [["s", "t", "from"], ["t", "s", "to"]];
    sides.forEach(([here, there, offset]) => {
      d3.nest().key((edge) => edge[here]).entries(rows).forEach(({ values }) => {
        let at = -d3.sum(values, (edge) => edge.width) / 2;
        values.sort((a, b) => now.places.get(a[there]).y - now.places.get(b[there]).y).forEach((edge) => {
          edge[offset] = at + edge.width / 2;
          at += edge.width;
        });
      });
    });
  }

  const curve = d3.linkHorizontal();

  function line(edge) {
    const from = now.places.get(edge.s), to = now.places.get(edge.t);
    const stops = [[from.x + BOX.width, from.y + edge.from]];
    edge.bends.forEach(([x, y]) => stops.push([x, y], [x + BOX.width, y]));
    stops.push([to.x, to.y + edge.to]);
    const pieces = [];
    for (let i = 0; i + 1 < stops.length; i += 1) {
      const flat = i % 2 === 1;
      pieces.push(flat ? `L${stops[i + 1]}` : curve({ source: stops[i], target: stops[i + 1] }));
    }
    return pieces.map((piece, i) => (i ? piece.replace(/^M[^CL]*/, "") : piece)).join("");
  }

  /* Routines, search, choice: classes on what is drawn. */

  function highlight() {
    const wanted = now.routine;
    const inside = (edge) => wanted !== "none" && (wanted === "all" ? edge.r.length > 0 : edge.r.includes(Number(wanted)));
    const touched = new Set();
    edgeLayer.selectAll("path.edge").classed("routine", (edge) => {
      if (!inside(edge)) return false;
      touched.add(edge.t);
      return true;
    });
    stateLayer.selectAll("g.state").classed("routine", (place) => touched.has(place.number));
    edgeLayer.selectAll("path.edge.routine").raise();
  }

  function hits() {
    const wanted = element("find").value.trim().toLowerCase();
    if (!wanted) return [];
    return [...now.places.keys()].filter((number) => nodeOf(number).label.toLowerCase().includes(wanted));
  }

  function search() {
    const wanted = element("find").value.trim();
    const found = new Set(hits());
    canvas.classed("searching", wanted !== "");
    stateLayer.selectAll("g.state").classed("hit", (place) => found.has(place.number));
    element("found").textContent = wanted ? `${found.size} of ${now.places.size} states match` : "";
  }

  function next(step) {
    const found = hits();
    if (!found.length) return;
    const at = found.indexOf(now.chosen);
    choose(found[(at + step + found.length) % found.length], true);
  }

  function choose(number, center = false) {
    now.chosen = number;
    canvas.classed("choosing", number !== null);
    stateLayer.selectAll("g.state").classed("chosen", (place) => place.number === number);
    edgeLayer.selectAll("path.edge").classed("near", (edge) => edge.s === number || edge.t === number);
    describe(number);
    if (number !== null && center) moveTo(now.places.get(number));
  }

  function describe(number) {
    const panel = d3.select("#state");
    panel.selectAll("*").remove();
    if (number === null) return;
    const node = nodeOf(number);
    const drawn = levelOf().edges.map(([edge]) => now.graph.edges[edge]);
    panel.append("button").attr("type", "button").attr("class", "close").attr("aria-label", "Close").text("×")
      .on("click", () => { choose(null); element("canvas").focus(); });
    panel.append("h3").append("bdi").text(node.label);
    panel.append("div").text(`${count(node.count)} executions; ${share(node.ended, node.count)} ended here`);
    neighbours(panel, "Then", drawn.filter((edge) => edge.s === number), (edge) => edge.t, node.count);
    neighbours(panel, "Before", drawn.filter((edge) => edge.t === number), (edge) => edge.s, 0);
    const routines = new Set(drawn.filter((edge) => edge.t === number).flatMap((edge) => edge.r));
    if (!routines.size) return;
    panel.append("h4").text("In the routines of");
    panel.append("ul").selectAll("li").data([...routines].sort((a, b) => a - b)).enter().append("li")
      .append("a").attr("href", (routine) => `#meta-tool-${routine + 1}`).attr("class", "mono")
      .text((routine) => now.graph.routines[routine].name);
  }

  function neighbours(panel, title, edges, other, whole) {
    if (!edges.length) return;
    panel.append("h4").text(title);
    const rows = panel.append("ul").selectAll("li").data(edges.sort((a, b) => b.w - a.w)).enter().append("li")
      .append("button").attr("type", "button").on("click", (edge) => choose(other(edge), true));
    rows.append("span").append("bdi").text((edge) => nodeOf(other(edge)).label);
    rows.append("span").text((edge) => (whole ? `${count(edge.w)} · ${share(edge.w, whole)}` : count(edge.w)));
  }

  /* Moving and zooming: the wheel turns the page until the graph was clicked. */

  const inUse = () => document.activeElement === element("canvas");
  const zoom = d3.zoom().scaleExtent(ZOOM)
    .filter(() => {
      const event = d3.event;
      if (event.type === "wheel") return event.ctrlKey || event.metaKey || inUse();
      if (event.type === "touchstart") return event.touches.length > 1 || inUse();
      return !event.button;
    })
    .on("zoom", () => {
      world.attr("transform", d3.event.transform);
      canvas.classed("far", d3.event.transform.k < 0.3);
    });
  canvas.call(zoom).on("dblclick.zoom", null);
  const smoothly = (fast = 240) => (motion ? canvas.transition().duration(fast) : canvas);
  const size = () => element("canvas").getBoundingClientRect();

  function extent() {
    const places = [...now.places.values()];
    const [x0, x1] = d3.extent(places, (place) => place.x), [y0, y1] = d3.extent(places, (place) => place.y);
    return { x: x0 - 20, y: y0 - 50, width: x1 - x0 + BOX.width + 40, height: y1 - y0 + 100 };
  }

  /* The height at which most executions are, as far as can be seen. */
  function middle(width) {
    const seen = [...now.places.values()].filter((place) => place.x < width);
    return d3.sum(seen, (place) => place.y * nodeOf(place.number).count) / d3.sum(seen, (place) => nodeOf(place.number).count);
  }

  /* All of it if that can be read, else the beginning. */
  function fit(moving = true, whole = false) {
    const box = extent(), wide = size().width;
    const tall = box.height * Math.max(READABLE, Math.min(1.1, wide / box.width));
    element("canvas").style.height = `${Math.max(HEIGHT[0], Math.min(HEIGHT[1], tall, 0.62 * wide))}px`;
    const seen = size();
    const all = Math.min(1.1, seen.width / box.width, seen.height / box.height);
    const k = whole ? all : Math.max(all, READABLE);
    const start = now.places.get(0) || { x: 0, y: 0 };
    const x = k * box.width <= seen.width ? (seen.width - k * box.width) / 2 - k * box.x : 24 - k * start.x;
    const y = k * box.height <= seen.height + 1 ? (seen.height - k * box.height) / 2 - k * box.y : seen.height / 2 - k * middle(seen.width / k);
    (moving ? smoothly(360) : canvas).call(zoom.transform, d3.zoomIdentity.translate(x, y).scale(k));
  }

  function moveTo(place) {
    const seen = size(), k = Math.max(READABLE, d3.zoomTransform(element("canvas")).k);
    const x = seen.width / 2 - k * (place.x + BOX.width / 2), y = seen.height / 2 - k * place.y;
    smoothly().call(zoom.transform, d3.zoomIdentity.translate(x, y).scale(k));
  }

  /* Keys: right to the heaviest next state, left back, up and down inside a layer. */

  function beside(direction) {
    const at = now.places.get(now.chosen);
    if (!at) return 0;
    const drawn = levelOf().edges.map(([edge]) => now.graph.edges[edge]);
    const heavy = (edges) => edges.sort((a, b) => b.w - a.w)[0];
    if (direction === "ArrowRight") return heavy(drawn.filter((edge) => edge.s === at.number))?.t;
    if (direction === "ArrowLeft") return heavy(drawn.filter((edge) => edge.t === at.number))?.s;
    const layer = [...now.places.values()].filter((place) => place.x === at.x).sort((a, b) => a.y - b.y);
    return layer[layer.indexOf(at) + (direction === "ArrowDown" ? 1 : -1)]?.number;
  }

  const keys = {
    "+": () => smoothly().call(zoom.scaleBy, 1.4), "=": () => smoothly().call(zoom.scaleBy, 1.4),
    "-": () => smoothly().call(zoom.scaleBy, 1 / 1.4), "0": () => fit(true, true), Escape: () => choose(null),
  };
  canvas.on("keydown", () => {
    const event = d3.event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.key.startsWith("Arrow") ? beside(event.key) : undefined;
    if (target !== undefined) choose(target, true);
    else if (keys[event.key]) keys[event.key]();
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
  });

  document.querySelectorAll("#graph [hidden]").forEach((part) => { part.hidden = false; });
  document.querySelectorAll("input[name=which]").forEach((input) => input.addEventListener("change", () => open(input.value)));
  if (element("routine")) d3.select("#routine").selectAll("option.one").data(graphs.after.routines).enter().append("option").attr("class", "one")
    .attr("value", (_, number) => number).property("disabled", (routine) => !routine.edges)
    .text((routine) => (routine.edges ? routine.name : `${routine.name} (not on the graph)`));
  if (element("routine")) element("routine").addEventListener("change", () => { now.routine = element("routine").value; highlight(); });
  element("detail").addEventListener("input", () => { show(Number(element("detail").value)); fit(); });
  element("find").addEventListener("input", search);
  element("find").addEventListener("keydown", (event) => { if (event.key === "Enter") next(event.shiftKey ? -1 : 1); });
  element("zoom-in").addEventListener("click", keys["+"]);
  element("zoom-out").addEventListener("click", keys["-"]);
  element("zoom-fit").addEventListener("click", keys["0"]);
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    fit(false, true);
  });
  open("after");
})();
