'use strict';
// Tables: sorted by the button in the head of each column, folded where they are long. The page holds the first rows of a table; the
// others are made of its CSV once they are wanted.
(() => {
  const few = 25;
  const noBreak = '\u00a0';
  const grouping = new Intl.NumberFormat('en');
  const order = new Intl.Collator('en', {numeric: true});

  // rows of CSV (RFC 4180), the head among them
  const parse = text => {
    const rows = [];
    let row = [], at = 0;
    while (at < text.length) {
      let field = '';
      if (text[at] === '"') {
        for (at++; at < text.length; at++) {
          if (text[at] === '"' && text[++at] !== '"') break;
          field += text[at];
        }
      } else {
        const from = at;
        while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
        field = text.slice(from, at);
      }
      row.push(field);
      if (text[at++] !== ',') {
        rows.push(row);
        row = [];
      }
    }
    return rows;
  };

  // numbers as the rows that the page holds have them
  const fixed = (value, digits) => {
    const scaled = value * 10 ** digits, whole = Math.floor(scaled);
    return scaled - whole === 0.5 && whole % 2 === 0 ? (whole / 10 ** digits).toFixed(digits) : value.toFixed(digits);
  };
  const percent = share => {
    let digits = 1;
    for (; digits < 4; digits++) {
      const rounded = Number(fixed(100 * share, digits));
      if (share === 0 || share === 1 || rounded > 0 && rounded < 100) break;
    }
    return fixed(100 * share, digits);
  };
  const decimal = value => {
    const size = Math.abs(value);
    if (Number.isInteger(value) || size >= 1000) return grouping.format(Number(fixed(value, 0)));
    if (size >= 10) return fixed(value, 1);
    if (size >= 0.1) return fixed(value, 2);
    return String(Number(value.toPrecision(2)));
  };
  const shown = {
    count: raw => grouping.format(BigInt(raw)),
    number: raw => decimal(Number(raw)),
    share: raw => percent(Number(raw)) + noBreak + '%',
    flag: raw => raw === 'true' ? 'yes' : 'no',
    moment: raw => raw.slice(0, 19).replace('T', ' ').replace(/ 00:00:00$/, ''),
    octets: raw => raw,
    text: raw => raw.replace(/^'/, ''), // which keeps spreadsheets from running it
  };

  // makeCell makes a cell of those of the CSV.
  const makeCell = (head, fields) => {
    const [from, low, high] = head.dataset.from.split(' ');
    const kind = head.dataset.kind ?? 'text', raw = fields[from];
    const cell = document.createElement('td');
    if (raw === '') return cell;
    cell.textContent = shown[kind](raw);
    if (kind === 'share' || kind === 'number') cell.dataset.v = raw;
    if (kind === 'share') {
      const width = Math.min(100, Math.floor(Number(raw) * 100 + 0.5));
      if (width > 0) cell.className = 'w' + width;
    }
    if (low && fields[low] !== '' && fields[high] !== '') {
      const interval = document.createElement('i');
      interval.textContent = `(${percent(Number(fields[low]))}–${percent(Number(fields[high]))})`;
      cell.append(' ', interval);
    }
    return cell;
  };

  // complete adds the rows that the page does not hold.
  const complete = table => {
    const body = table.tBodies[0], link = table.closest('.table').querySelector('a[download]');
    const held = body.rows.length;
    if (held >= Number(table.dataset.rows)) return;
    const heads = Array.from(table.tHead.rows[0].cells);
    const rows = parse(decodeURIComponent(link.href.slice(link.href.indexOf(',') + 1)));
    body.append(...rows.slice(1 + held).map(fields => {
      const row = document.createElement('tr');
      row.append(...heads.map(head => makeCell(head, fields)));
      return row;
    }));
  };

  // valueOf is a cell as a number, or text; null if there is nothing to say.
  const valueOf = (cell, numeric) => {
    const text = cell.textContent.trim();
    if (text === '') return null;
    if (!numeric) return text;
    return Number(cell.dataset.v ?? text.replaceAll(',', ''));
  };

  const sortBy = (table, index, head) => {
    complete(table);
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
    const all = Number(table.dataset.rows);
    if (all > 1) {
      Array.from(table.tHead.rows[0].cells).forEach((head, index) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.append(...head.childNodes);
        button.addEventListener('click', () => sortBy(table, index, head));
        head.append(button);
      });
    }
    if (all <= few) continue;
    const said = table.closest('.table').querySelector('.rows');
    const button = document.createElement('button');
    button.type = 'button';
    const fold = folded => {
      if (!folded) complete(table);
      table.classList.toggle('folded', folded);
      button.setAttribute('aria-expanded', String(!folded));
      button.textContent = folded ? `show all ${grouping.format(all)} rows` : `show ${few} rows`;
      said.textContent = folded ? `${few} of ${grouping.format(all)} rows` : `${grouping.format(all)} rows`;
    };
    button.addEventListener('click', () => fold(!table.classList.contains('folded')));
    said.after(' ', button);
    fold(true);
  }

  // On a phone the list of contents would be in the way.
  if (matchMedia('(max-width: 70rem)').matches) document.querySelector('.contents details').open = false;
})();
