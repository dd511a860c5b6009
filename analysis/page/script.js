'use strict';
// Tables: sorted by the button in the head of each column, folded where they are long.
(() => {
  const few = 25;
  const number = new Intl.NumberFormat('en');
  const order = new Intl.Collator('en', {numeric: true});

  // value of a cell: a number, or text; null if there is nothing to say
  const valueOf = (cell, numeric) => {
    const text = cell.textContent.trim();
    if (text === '') return null;
    if (!numeric) return text;
    return Number(cell.dataset.v ?? text.replaceAll(',', ''));
  };

  const sortBy = (table, index, head) => {
    const numeric = head.classList.contains('n');
    const now = head.getAttribute('aria-sort');
    const down = now ? now === 'ascending' : numeric; // of numbers the largest first
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, row => [valueOf(row.cells[index], numeric), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // at the end in both orders
      const by = numeric ? a - b : order.compare(a, b);
      return down ? -by : by;
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    body.append(...rows.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll('.table table')) {
    if (table.tBodies[0].rows.length > 1) {
      Array.from(table.tHead.rows[0].cells).forEach((head, index) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.append(...head.childNodes);
        button.addEventListener('click', () => sortBy(table, index, head));
        head.append(button);
      });
    }
    const rows = table.tBodies[0].rows.length;
    if (rows <= few) continue;
    const tools = table.closest('.table').querySelector('.tools');
    const said = tools.querySelector('.rows');
    const button = document.createElement('button');
    button.type = 'button';
    const fold = folded => {
      table.classList.toggle('folded', folded);
      button.setAttribute('aria-expanded', String(!folded));
      button.textContent = folded ? `show all ${number.format(rows)} rows` : `show ${few} rows`;
      said.textContent = folded ? `${few} of ${number.format(rows)} rows` : `${number.format(rows)} rows`;
    };
    button.addEventListener('click', () => fold(!table.classList.contains('folded')));
    said.after(' ', button);
    fold(true);
  }

  // On a phone the list of contents would be in the way.
  if (matchMedia('(max-width: 70rem)').matches) document.querySelector('.contents details').open = false;
})();
