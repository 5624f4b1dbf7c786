// Sorts the table of properties by the column whose heading is pressed.
document.querySelectorAll(".sortable table").forEach((table) => {
  const body = table.tBodies[0];
  const value = (row, i) => row.cells[i].dataset.value ?? row.cells[i].textContent;
  const compare = (a, b) =>
    Number.isNaN(Number(a)) ? a.localeCompare(b) : Number(a) - Number(b);
  [...table.tHead.rows[0].cells].forEach((head, i) => {
    head.firstElementChild.addEventListener("click", () => {
      const rises = head.getAttribute("aria-sort") !== "ascending";
      [...table.tHead.rows[0].cells].forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rises ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => compare(value(a, i), value(b, i)));
      body.append(...(rises ? rows : rows.reverse()));
    });
  });
});
