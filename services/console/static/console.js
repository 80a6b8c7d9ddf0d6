/* What feels better with a script; every page works without it. Written for Chromium 64. */
(function () {
  "use strict";

  /* A form that was sent is not sent twice by a second click. <form data-again>: its key sees to that. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-again")) {
      return;
    }
    if (form.getAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", "yes");
    window.setTimeout(function () {
      form.removeAttribute("data-sent");
    }, 8000);
  });

  /* Work that takes long: each event says how many seconds it has run; at its end the page reloads. */
  document.querySelectorAll("[data-events]").forEach(function (box) {
    if (!window.EventSource) {
      window.setTimeout(function () { window.location.reload(); }, 3000);
      return;
    }
    var source = new window.EventSource(box.getAttribute("data-events"));
    source.onmessage = function (event) {
      var progress = JSON.parse(event.data);
      var seconds = box.querySelector("[data-seconds]");
      if (seconds) {
        seconds.textContent = String(progress.seconds);
      }
      if (progress.ended) {
        source.close();
        window.location.reload();
      }
    };
    source.onerror = function () {
      source.close();
      window.setTimeout(function () { window.location.reload(); }, 3000);
    };
  });

  /* <form data-keys>: outside of fields a digit chooses the radio with this data-key. One that needs
     nothing more is sent at once; another leads to the field that it asks for. */
  var keyed = document.querySelector("form[data-keys]");
  if (keyed) {
    document.addEventListener("keydown", function (event) {
      var inField = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "radio";
      if (inField || event.ctrlKey || event.altKey || event.metaKey || !/^[1-9]$/.test(event.key)) {
        return;
      }
      var radio = keyed.querySelector("[data-key='" + event.key + "']");
      if (!radio) {
        return;
      }
      event.preventDefault();
      radio.checked = true;
      var asked = radio.getAttribute("data-asks");
      if (asked) {
        document.getElementById(asked).focus();
      } else {
        keyed.querySelector("button").click();
      }
    });
  }

  /* A field beside a radio chooses it. */
  document.querySelectorAll(".answer").forEach(function (answer) {
    var radio = answer.querySelector("input[type=radio]");
    answer.addEventListener("input", function (event) {
      if (radio && event.target !== radio) {
        radio.checked = true;
      }
    });
  });

  /* <table data-filter="id-of-input">: rows that lack the typed text are hidden. */
  document.querySelectorAll("table[data-filter]").forEach(function (table) {
    var input = document.getElementById(table.getAttribute("data-filter"));
    if (!input) {
      return;
    }
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase();
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0;
      });
    });
  });

  /* <form data-autosubmit>: a filter applies as soon as it is chosen. */
  document.querySelectorAll("form[data-autosubmit] select").forEach(function (select) {
    select.addEventListener("change", function () {
      select.form.submit();
    });
  });

  /* <button data-print hidden>: a button that only a script can serve is shown by it. */
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      window.print();
    });
  });

  /* <input type="checkbox" data-tick-all="name" hidden>: ticks all boxes of that name. */
  document.querySelectorAll("[data-tick-all]").forEach(function (all) {
    all.hidden = false;
    all.addEventListener("change", function () {
      document.getElementsByName(all.getAttribute("data-tick-all")).forEach(function (box) {
        box.checked = all.checked;
      });
    });
  });
})();
