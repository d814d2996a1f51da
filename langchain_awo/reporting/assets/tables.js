"use strict";
/* Finding and filtering refusals: rows that do not fit are hidden. */
(() => {
  const table = document.getElementById("refused-table");
  if (!table) return;
  const find = document.getElementById("refused-find");
  const code = document.getElementById("refused-code");
  const told = document.getElementById("refused-count");
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));

  function filter() {
    const wanted = find.value.trim().toLowerCase();
    let left = 0;
    rows.forEach(({ row, text }) => {
      row.hidden = !(text.includes(wanted) && (!code.value || row.dataset.code === code.value));
      left += row.hidden ? 0 : 1;
    });
    told.textContent = left === rows.length ? `${left} candidates` : `${left} of ${rows.length} candidates`;
  }

  document.querySelectorAll("#refused [hidden].controls").forEach((part) => { part.hidden = false; });
  find.addEventListener("input", filter);
  code.addEventListener("change", filter);
  filter();
})();
